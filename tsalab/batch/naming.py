"""Names for folders and sandboxes, whatever a learner is called: `../`, HTML, an emoji, nothing but dots."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_LONGEST = 40
_DIGITS = 8


def folder_name(name: str) -> str:
    """Name of a folder for a learner: letters, digits and hyphens, and a digest of the whole name.

    The digest tells apart what looks alike without its special characters. It depends on
    nothing but the name, so that a learner is found again when the roster was sorted.

    Parameters
    ----------
    name
        The learner's.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:_LONGEST].strip("-")
    digest = hashlib.sha256(unicodedata.normalize("NFC", name).encode()).hexdigest()[:_DIGITS]
    return f"{words}-{digest}" if words else digest
