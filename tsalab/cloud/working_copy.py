"""The learner's clone of a CodeCommit repository, worked on with the git program."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tsalab.cloud.account import Account
from tsalab.cloud.git import helper, signed
from tsalab.errors import CloudError


class WorkingCopy:
    """A clone of a repository in the learner's folder.

    Parameters
    ----------
    account
        Whose credentials git uses.
    folder
        Where the clone is, or will be.
    """

    def __init__(self, account: Account, folder: Path) -> None:
        self._account = account
        self.folder = folder

    @property
    def exists(self) -> bool:
        """Whether the folder is a git working copy."""
        return (self.folder / ".git").exists()

    def clone(self, url: str) -> None:
        """Clone into the folder; it appears whole or not at all, whatever ends this process."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.folder.with_name(f".{self.folder.name}.unfinished")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        self._git("clone", "--quiet", url, str(unfinished), cwd=self.folder.parent, remote=url)
        unfinished.rename(self.folder)

    def reach(self, url: str) -> None:
        """See that git may read a repository, before there is a clone of it.

        Raises
        ------
        CloudError
            When git may not, with what git says.
        """
        # Not in the folder, which need not exist yet.
        self._git("ls-remote", "--quiet", url, "HEAD", cwd=Path(tempfile.gettempdir()), remote=url)

    def configure(self) -> None:
        """Let a plain ``git push`` in a terminal use the same credentials, and give commits an author."""
        self._git("config", "--replace-all", "credential.helper", "")
        mine = helper(self._account.profile.name, self._account.region)
        self._git("config", "--add", "credential.helper", mine)
        self._git("config", "credential.useHttpPath", "true")
        if not self._said("config", "--get", "user.email"):
            self._git("config", "user.name", "TSA learner")
            self._git("config", "user.email", "learner@tsalab.example")

    def head(self) -> str:
        """Commit id of HEAD."""
        return self._said("rev-parse", "HEAD")

    def branch(self) -> str:
        """Name of the branch that is checked out; empty for none."""
        return self._said("branch", "--show-current")

    def changed(self) -> list[str]:
        """Files that git follows and that differ from HEAD: what ``git commit -a`` takes.

        An editor leaves files of its own beside them (JupyterLab's ``.ipynb_checkpoints``);
        they are no part of the lab's commit.
        """
        said = self._said("status", "--porcelain", "--untracked-files=no", strip=False)
        return [line[3:] for line in said.splitlines()]

    def contains(self, commit: str) -> bool:
        """Whether a commit is part of HEAD's history; False for one that the clone never heard of."""
        return self._run(("merge-base", "--is-ancestor", commit, "HEAD"), self.folder).returncode == 0

    def origin(self) -> str:
        """URL of the remote ``origin``; empty when there is none."""
        return self._said("remote", "get-url", "origin")

    def commit(self, message: str) -> None:
        """``git commit -a -m MESSAGE``."""
        self._git("commit", "--quiet", "-a", "-m", message)

    def push(self, on_output: Callable[[str], None] | None = None) -> None:
        """``git push``.

        Parameters
        ----------
        on_output
            Called with what git says, as it comes.
        """
        self._git("push", *(() if on_output else ("--quiet",)), remote=self.origin(), on_output=on_output)

    # --- going back -----------------------------------------------------------------------

    def fetch(self) -> None:
        """Learn what the repository holds now; changes no branch and no file of ours."""
        self._git("fetch", "--quiet", "--prune", "origin", remote=self.origin())

    def history(self, commit: str) -> list[tuple[str, str]]:
        """A commit and those before it as id and subject, newest first; of a merge, the first parent."""
        said = self._said("log", "--first-parent", "--format=%H %s", commit)
        rows = [line.partition(" ") for line in said.splitlines()]
        return [(identifier, subject) for identifier, _, subject in rows]

    def knows(self, commit: str) -> bool:
        """Whether a commit is in this copy."""
        found = self._run(("cat-file", "-e", f"{commit}^{{commit}}"), self.folder)
        return found.returncode == 0

    def text(self, path: str, commit: str) -> str | None:
        """A file as a commit holds it, every byte of it; None when it is not there."""
        command = ["git", "cat-file", "blob", f"{commit}:{path}"]
        found = subprocess.run(
            command, cwd=self.folder, capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        return found.stdout.decode("utf-8", "replace") if found.returncode == 0 else None

    def differing(self, one: str, other: str) -> list[str]:
        """Files that differ between two commits."""
        return self._said("diff", "--name-only", one, other).splitlines()

    def ahead(self, *of: str) -> int:
        """How many commits of any branch or stash of ours are in none of the given commits' history."""
        others = [f"^{commit}" for commit in of]
        return int(self._said("rev-list", "--count", "--branches", "--glob=refs/stash", "HEAD", *others))

    def untracked(self) -> list[str]:
        """Files that git does not follow, but those that it is told to ignore and an editor's own."""
        said = self._said("ls-files", "--others", "--exclude-standard")
        return [name for name in said.splitlines() if ".ipynb_checkpoints/" not in name]

    def keep(self, commit: str, name: str) -> str:
        """Put a branch on a commit, so that it is not lost; returns the branch's name."""
        number, branch = 1, name
        while (there := self._said("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}")) != commit:
            if not there:
                self._git("branch", branch, commit)
                break
            number += 1
            branch = f"{name}-{number}"
        return branch

    def point_at(self, commit: str, branch: str) -> None:
        """Have a branch checked out that ends at a commit; every file stays as it is in the folder."""
        self._git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        self._git("reset", "--quiet", "--mixed", commit)

    def push_back(self, commit: str, branch: str, lease: str) -> None:
        """Move the repository's branch to an earlier commit, unless somebody pushed to it since.

        Parameters
        ----------
        commit
            Where it shall end.
        branch
            Its name.
        lease
            Where it must end now.

        Raises
        ------
        CloudError
            When git, or the repository, refuses.
        """
        moved = f"{commit}:refs/heads/{branch}"
        with_lease = f"--force-with-lease={branch}:{lease}"
        self._git("push", "--quiet", with_lease, "origin", moved, remote=self.origin())

    def _said(self, *command: str, strip: bool = True) -> str:
        result = self._run(command, self.folder)
        return result.stdout.strip() if strip else result.stdout

    def _git(
        self,
        *command: str,
        cwd: Path | None = None,
        remote: str = "",
        on_output: Callable[[str], None] | None = None,
    ) -> None:
        result = self._run(command, cwd or self.folder, remote, on_output)
        if result.returncode:
            said = result.stderr.strip() or result.stdout.strip()  # git commit complains on the latter
            raise CloudError.git_failed(" ".join(command[:2]), result.returncode, said)

    def _run(
        self,
        command: Sequence[str],
        cwd: Path,
        remote: str = "",
        on_output: Callable[[str], None] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        account = self._account
        options: list[str] = []
        environment = account.environment() | {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        if remote:
            options, secret = signed(account.core, account.region, remote)
            environment |= secret
        try:
            with subprocess.Popen(
                ["git", *options, *command],
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if on_output else subprocess.PIPE,
                text=True,
            ) as process:
                said = _heard(process, on_output) if on_output else ""
                out, errors = process.communicate()
        except FileNotFoundError as error:
            raise CloudError.git_missing() from error
        return subprocess.CompletedProcess(command, process.returncode, said + out, errors or "")


def _heard(process: subprocess.Popen[str], on_output: Callable[[str], None]) -> str:
    """Everything that a program says, handed on line by line."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    said = []
    for line in process.stdout:
        said.append(line)
        on_output(line)
    return "".join(said)
