"""The control plane: MiniStack behind AWS's own protocol, and the plug-ins that fill its gaps.

A module here teaches MiniStack one thing (a resource type, a service, a strictness) with
``install(context)`` and names the private MiniStack things it touches in ``TOUCHES``. What
runs for real (servers, databases, the edge) lives in `machines`; nothing here starts a
process or opens a port of its own.
"""
