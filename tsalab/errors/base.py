"""The base: what happened, why, what next."""

from __future__ import annotations

from tsalab.messages import say


class TsalabError(Exception):
    """What happened, why, and what to do next.

    Parameters
    ----------
    what
        One sentence that names the thing it is about.
    why
        The cause, as far as it is known.
    next_step
        The one action that mends it.
    """

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return say("show.error", what=self.what, why=self.why, next=self.next_step)

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.what, self.why, self.next_step))

    def _render_traceback_(self) -> list[str]:
        """Show the message alone in a notebook: a learner needs it more than our stack."""
        return [f"{type(self).__name__}: {self}"]
