"""Where lab 4 begins: what labs 1 to 3 leave behind, created through the AWS API and git alone.

The same code serves the sandbox and an account. Nothing in here knows which of the two it
has, and nothing reaches a machine other than through AWS, git and the site's address.

- ``creation``   the order of things, and what runs at the same time
- ``survey``     what is there already
- ``run``        what every part has in its hand
- ``key_pair``, ``repositories``, ``history``, ``stacks``, ``serving``   the parts
"""

from tsalab.cloud.inventory import Names
from tsalab.start_state.creation import StartState, create
from tsalab.start_state.run import BOOTSTRAP, CHILD, KEY_NAME
from tsalab.start_state.survey import Piece, survey

__all__ = ["BOOTSTRAP", "CHILD", "KEY_NAME", "Names", "Piece", "StartState", "create", "survey"]
