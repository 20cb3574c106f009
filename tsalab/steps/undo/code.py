"""Undo of steps 15 to 24: the learner's clone, and the repository's branch.

The branch moves back to the commit before the lab's edits: what follows is the history as
it was then, and step 24 makes its one commit anew. A lease keeps what somebody else pushed
in the meantime. In the clone every file stays but the two that the lab edits.
"""

from __future__ import annotations

import shutil

from tsalab.cloud.repository import BRANCH
from tsalab.files import replace_bytes
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps.code import EDIT_STEPS
from tsalab.steps.source import APP, CONFIG, EDITS
from tsalab.steps.step import STEPS
from tsalab.steps.undo.history import has_clone, history, known_texts
from tsalab.steps.undo.move import Back, Loss, Move

_OPEN, _COMMIT = 15, 24
_FILES = (CONFIG, APP)
_PUSH = "$ git push --force-with-lease origin {commit}:{branch}"


@STEPS.undo(_OPEN, *EDIT_STEPS, _COMMIT)
def undo_code(back: Back) -> list[Move]:
    """Move the branch back, and bring the clone to where it was."""
    world, past = back.world, history(back)
    losses = []
    if past.head != past.base:
        subjects = "; ".join(past.subjects)
        lost = say("reset.branch.lost", count=len(past.subjects), subjects=subjects, commit=past.base[:10])
        losses.append(Loss(say("reset.branch.what", branch=BRANCH), world.place.repository, lost))
    clone = _Clone(back)
    losses += clone.losses()

    def do(view: StepView) -> None:
        clone.keep_commits()
        if past.head != past.base:
            view.line(_PUSH.format(commit=past.base[:10], branch=BRANCH))
            past.copy.push_back(past.base, BRANCH, past.head)
        clone.go_back(view)

    return [Move(say("reset.part.code"), losses, do)]


class _Clone:
    """The learner's clone: what it holds of their own, and how it goes back."""

    def __init__(self, back: Back) -> None:
        self._back = back
        self._past = history(back)
        self._mine = has_clone(back)
        self._clone = back.world.clone
        self._known = {path: known_texts(back, path) for path in _FILES}
        self._want = self._texts() if back.to > _OPEN else {}

    def losses(self) -> list[Loss]:
        """What will be removed or changed in the learner's folder."""
        folder, to = self._clone.folder, self._back.to
        if to <= _OPEN:
            if not self._clone.exists:
                return []
            name = f"{folder.name}.{self._back.mark}"
            lost = say("reset.clone.kept" if self._own() else "reset.clone.lost", name=name)
            return [Loss(folder.name, str(folder.parent), lost)]
        if not self._mine:
            return [Loss(folder.name, str(folder.parent), say("reset.clone.made"))]
        found = []
        for path in _FILES:
            now = self._now(path)
            if now != self._want[path]:
                ours = now is None or now in self._known[path]
                name = f"{_name(path)}.{self._back.mark}"
                lost = say("reset.file.lost" if ours else "reset.file.kept", name=name)
                found.append(Loss(path, str(folder), lost))
        if self._clone.head() != self._past.base:
            lost = say("reset.clone.moved", commit=self._past.base[:10])
            found.append(Loss(say("reset.branch.what", branch=BRANCH), str(folder), lost))
        return found

    def keep_commits(self) -> None:
        """Put a branch on commits that hold more than the lab's own edits."""
        past, back = self._past, self._back
        heads = [past.head]
        if self._mine:
            heads.append(self._clone.head())
            if back.to <= _OPEN and self._own():
                return  # the clone is kept as a whole
        for commit in dict.fromkeys(heads):
            if self._is_own(commit):
                branch = past.copy.keep(commit, back.mark)
                back.aside.append(say("reset.branch.kept", branch=branch, folder=past.copy.folder))

    def go_back(self, view: StepView) -> None:
        """Remove the clone, or bring it to the commit and its two files to their texts."""
        folder, back = self._clone.folder, self._back
        if back.to <= _OPEN:
            if self._clone.exists:
                if self._own():
                    view.line(say("reset.clone.aside", name=back.keep(folder)))
                else:
                    shutil.rmtree(folder)
            return
        if not self._mine:
            if folder.exists():
                back.keep(folder)
            self._clone.clone(back.world.repository.clone_url())
            self._clone.configure()
        for path, text in self._want.items():
            file, now = folder / path, self._now(path)
            if now == text:
                continue
            if now is not None and now not in self._known[path]:
                back.keep(file, _name(path))
            replace_bytes(file, text.encode())
        self._clone.point_at(self._past.base, BRANCH)

    def _texts(self) -> dict[str, str]:
        """The two files before the step: with the edits of the steps before it, and no other."""
        return {path: self._text(path) for path in _FILES}

    def _text(self, path: str) -> str:
        steps = [step for step, name in EDIT_STEPS.items() if EDITS[name].file == path]
        done = sum(step < self._back.to for step in steps)
        if done == len(steps):  # all of them stay: as the learner wrote them, if they did
            for text in (self._now(path), self._past.copy.text(path, self._past.head)):
                if text is not None and self._finished(path, text):
                    return text
        return self._known[path][done]

    def _finished(self, path: str, text: str) -> bool:
        secret = self._back.world.secret_name
        return all(edit.look(text, secret).ok for edit in EDITS.values() if edit.file == path)

    def _now(self, path: str) -> str | None:
        file = self._clone.folder / path
        return file.read_bytes().decode("utf-8", "replace") if self._mine and file.exists() else None

    def _own(self) -> bool:
        """Whether the clone holds anything that neither CodeCommit nor the lab could bring back."""
        if not self._mine:
            return True
        clone, past = self._clone, self._past
        changed = set(clone.changed())
        own = changed - set(_FILES) or [p for p in changed if self._now(p) not in self._known[p]]
        ahead = clone.ahead(past.head, past.base)
        return bool(own or clone.untracked() or (ahead and self._more_than_ours(ahead)))

    def _more_than_ours(self, ahead: int) -> bool:
        """Whether commits that are not in CodeCommit are more than the lab's own one."""
        return ahead > 1 or self._is_own(self._clone.head())

    def _is_own(self, commit: str) -> bool:
        """Whether a commit holds more than the lab's edits."""
        copy, base = self._past.copy, self._past.base
        if commit == base:
            return False
        if set(copy.differing(base, commit)) - set(_FILES):
            return True
        return any(copy.text(path, commit) not in self._known[path] for path in _FILES)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
