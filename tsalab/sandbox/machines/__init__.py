"""The machines of a sandbox: what the control plane only describes, runs here for real.

Here live the web server (an SSH host with its own folder, shims and MariaDB), Aurora's
databases behind their endpoints, the git server, and CloudFront's data plane. Nothing here
speaks the AWS API: the control plane's plug-ins call `estate.Estate`, and nobody else does.
Everything listens on 127.0.0.1 alone and carries the sandbox's marker.

Programs that a machine finds in its own ``/usr/local/bin`` are in `image`.
"""
