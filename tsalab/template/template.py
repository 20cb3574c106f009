"""`Template`: one infra.yml, never changed; every edit gives a new one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml

from tsalab.messages import say
from tsalab.resources import AS_WRITTEN
from tsalab.template import editing, findings, problems
from tsalab.template.document import Document
from tsalab.template.findings import Finding
from tsalab.template.package import decode, read_bytes, write_bytes
from tsalab.template.problem import Problem


@dataclass(frozen=True)
class Template:
    """A CloudFormation template as text.

    Parameters
    ----------
    text
        Every character of the file, its line ends and byte order mark included.
    name
        What to call it in messages and diffs.
    variant
        Which text of the lab's blocks is meant, where nothing else is said.
    """

    text: str = field(repr=False)
    name: str = field(default="infra.yml", compare=False)
    variant: str = field(default=AS_WRITTEN, compare=False)

    @classmethod
    def read(cls, path: Path, variant: str = AS_WRITTEN) -> Template:
        """Template in a file.

        Raises
        ------
        TemplateError
            When it cannot be read, is no text in UTF-8, or is larger than CloudFormation takes.
        """
        return cls(decode(read_bytes(path), str(path)), path.name, variant)

    @cached_property
    def _document(self) -> Document:
        return Document(self.text)

    @property
    def resources(self) -> tuple[str, ...]:
        """Logical ids of the resources, in file order; empty when the file is not YAML."""
        try:
            return tuple(self._document.resources)
        except yaml.YAMLError:
            return ()

    def add(self, fragment: str, variant: str = "") -> Template:
        """Insert one of the lab's blocks where the lab says; the same template when it is there already.

        Parameters
        ----------
        fragment
            A name in `FRAGMENTS`.
        variant
            Which text of it: a folder of ``templates/fragments``; the template's own when empty.

        Raises
        ------
        TemplateError
            When the file is not YAML, has no place for the block, or has a block of that name which differs.
        """
        return self._with(editing.insert(self._document, fragment, variant or self.variant))

    def remove(self, fragment: str, variant: str = "") -> Template:
        """Take one of the lab's blocks out; the same template when it is not there.

        Raises
        ------
        TemplateError
            When the file is not YAML.
        """
        return self._with(editing.remove(self._document, fragment, variant or self.variant))

    def has(self, fragment: str, variant: str = "") -> Finding:
        """Is one of the lab's blocks there, by meaning? Reads only, and never fails on a broken file."""
        return findings.find(self._document, fragment, variant or self.variant)

    def diff(self, other: Template) -> str:
        """Unified diff from this template to another; empty when they are equal."""
        lines: list[str] = []
        for line in difflib.unified_diff(
            self._document.lines,
            other._document.lines,
            say("template.before", name=self.name),
            say("template.after", name=other.name),
        ):
            lines.append(line.rstrip("\r\n"))
            if not line.endswith(("\r", "\n")):
                lines.append("\\ No newline at end of file")
        return "\n".join(lines)

    def problems(self) -> list[Problem]:
        """What CloudFormation would refuse, as far as a quick look can tell."""
        return problems.problems(self._document)

    def lint(self) -> list[Problem]:
        """What ``cfn-lint`` finds; takes about two seconds.

        Raises
        ------
        TemplateError
            When ``cfn-lint`` is not installed.
        """
        return problems.lint(self.text)

    def write(self, path: Path) -> None:
        """Replace a file with this template in one go.

        Raises
        ------
        TemplateError
            When it cannot be written.
        """
        write_bytes(path, self.text.encode())

    def _with(self, text: str) -> Template:
        return self if text == self.text else Template(text, self.name, self.variant)
