"""What a rewrite has to say: what it changed and why, what it cannot do, what is worth knowing."""

from __future__ import annotations

from dataclasses import dataclass, field

from tsalab.migrate.model import Conversion, Refusal


@dataclass
class Findings:
    """Collected on the way, so that one look shows all of them."""

    conversions: list[Conversion] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def convert(self, subject: str, was: str, becomes: str, reason: str) -> None:
        """Something will be otherwise on the target."""
        conversion = Conversion(subject, was, becomes, reason)
        if conversion not in self.conversions:
            self.conversions.append(conversion)

    def refuse(self, subject: str, reason: str) -> None:
        """Something cannot be moved."""
        refusal = Refusal(subject, reason)
        if refusal not in self.refusals:
            self.refusals.append(refusal)

    def note(self, sentence: str) -> None:
        """Something is worth knowing."""
        if sentence not in self.notes:
            self.notes.append(sentence)
