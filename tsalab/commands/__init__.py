"""The commands, one module each, imported only when called.

They read options, call the library or the sandbox, and print. No lab logic lives here.
"""
