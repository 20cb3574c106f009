"""The repository's history: the commit before the lab's edits, and what came after it."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.cloud.repository import BRANCH
from tsalab.cloud.working_copy import WorkingCopy
from tsalab.errors import CloudError, ResetError
from tsalab.steps.code import same_repository
from tsalab.steps.source import APP, CONFIG, DEFAULT_SECRET, EDITS, edits
from tsalab.steps.undo.move import Back

_COMMIT = 24


@dataclass(frozen=True)
class History:
    """What CodeCommit holds, seen from a copy of it.

    Parameters
    ----------
    copy
        The learner's clone where there is one, else a copy of the lab's own.
    head
        Where the branch ends now.
    base
        The newest commit before the lab's edits.
    subjects
        Of the commits since, newest first.
    """

    copy: WorkingCopy
    head: str
    base: str
    subjects: tuple[str, ...]

    def base_text(self, path: str) -> str:
        """A file as it was before the lab's edits."""
        return self.copy.text(path, self.base) or ""


def untouched(config: str, app: str) -> bool:
    """Whether the two files are as before the lab: none of its edits is in them."""
    edits = ("config-drop-db", "app-drop-pool", "app-add-pool")
    texts = {CONFIG: config, APP: app}
    return "secretName" not in config and not any(
        EDITS[name].look(texts[EDITS[name].file], "").ok for name in edits
    )


def base_commit(back: Back) -> str:
    """The newest commit of the repository before the lab's edits."""
    return history(back).base


def has_clone(back: Back) -> bool:
    """Whether the learner has a clone of the app's repository, and not of something else."""
    if "clone" not in back.memo:
        clone = back.world.clone
        back.memo["clone"] = clone.exists and same_repository(
            clone.origin(), back.world.repository.clone_url()
        )
    return bool(back.memo["clone"])


def history(back: Back) -> History:
    """The repository's history, read once a reset.

    Raises
    ------
    ResetError
        When no commit is without the lab's edits.
    """
    if "history" not in back.memo:
        back.memo["history"] = _read(back)
    found: History = back.memo["history"]
    return found


def _read(back: Back) -> History:
    world = back.world
    head = world.repository.head()
    copy = _copy(back)
    if not copy.knows(head):
        copy.fetch()
    kept = str(back.checkpoints.facts(_COMMIT).get("commit", ""))
    subjects: list[str] = []
    for commit, subject in copy.history(head):
        config, app = copy.text(CONFIG, commit), copy.text(APP, commit)
        if commit == kept or (config is not None and app is not None and untouched(config, app)):
            return History(copy, head, commit, tuple(subjects))
        subjects.append(subject)
    raise ResetError.no_old_commit(world.place.repository, BRANCH)


def _copy(back: Back) -> WorkingCopy:
    """The learner's clone, else a copy of the lab's own."""
    if has_clone(back):
        return back.world.clone
    place = back.world.place
    copy = WorkingCopy(place.account, place.workdir / ".tsalab" / "repository")
    if not copy.exists:
        copy.clone(back.world.repository.clone_url())
    return copy


def known_texts(back: Back, path: str) -> list[str]:
    """What a file holds on the lab's own way: as before the lab, and after each edit of it."""
    try:
        secret = back.world.secret_name
    except CloudError:
        secret = DEFAULT_SECRET  # the stack has no secret any more
    texts = [history(back).base_text(path)]
    for edit in edits(back.world.place.variant).values():
        if edit.file == path:
            texts.append(edit.apply(texts[-1], secret))
    return texts
