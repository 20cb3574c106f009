"""The embedded AWS: one supervisor process a sandbox, all its state under one folder.

Here live the folder and its facts, the ports, the processes, the supervisor and the
manager that starts and stops it. `control` holds the AWS API (MiniStack and our
plug-ins), `machines` the real servers behind it. Only the command line and tests import
this package: nothing in the lab may know that it runs on a sandbox.
"""
