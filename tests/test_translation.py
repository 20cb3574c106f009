"""Another language: its file beside the English one, chosen by a setting, is all that it takes."""

from __future__ import annotations

import re
import shutil
import string
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.faults.conftest import opened
from tsalab import cli, errors, messages, parameters, resources
from tsalab.course import CLEANUP, LAB
from tsalab.records import Record, Redactor
from tsalab.server import failures
from tsalab.show import Part, StepView, bundle
from tsalab.template.document import Document
from tsalab.template.findings import find
from tsalab.template.fragments import FRAGMENTS
from tsalab.template.problems import problems

ACCENTS = str.maketrans("aceinouyACEINOUY", "àçéîñöûýÀÇÉÎÑÖÛÝ")
# Longer than English, so that whoever looks at it sees what a longer language does to a page.
PSEUDO = "qps"


def pseudo(text: str) -> str:
    """The text in brackets and with accents; its fields as they were."""
    pieces = re.split(r"(\{[^{}]*\})", text)
    return "⟦" + "".join(p if p.startswith("{") else p.translate(ACCENTS) for p in pieces) + "⟧"


def translated(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {k: pseudo(v) if isinstance(v, str) else translated(v) for k, v in tree.items()}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A catalogue to which files can be added."""
    shutil.copy(Path(messages.__file__).parent / "en.yml", tmp_path)
    monkeypatch.setattr(messages, "_FOLDER", tmp_path)
    messages._translated.cache_clear()
    yield tmp_path
    messages._translated.cache_clear()


def add(folder: Path, language: str, texts: Mapping[str, Any]) -> None:
    text = yaml.dump(dict(texts), Dumper=yaml.CSafeDumper, allow_unicode=True)
    (folder / f"{language}.yml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def pseudo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The English catalogue and its pseudo-translation."""
    folder = tmp_path_factory.mktemp("languages")
    shutil.copy(Path(messages.__file__).parent / "en.yml", folder)
    english = (folder / "en.yml").read_text(encoding="utf-8")
    add(folder, PSEUDO, translated(yaml.load(english, Loader=yaml.CSafeLoader)))
    return folder


@pytest.fixture
def pseudo_language(pseudo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "_FOLDER", pseudo_folder)  # its language is cached under its own name
    monkeypatch.setenv("TSALAB_LANGUAGE", PSEUDO)


def english_left(text: str) -> list[str]:
    """What stands outside of every bracket: words, and no names of the given things."""
    depth, outside = 0, ""
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        outside += character if not depth and character not in "⟦⟧" else ""
    return outside.split()


def constructors() -> list[Any]:
    kinds = [getattr(errors, name) for name in errors.__all__]
    return [
        pytest.param(getattr(kind, name), id=f"{kind.__name__}.{name}")
        for kind in kinds
        for name, value in vars(kind).items()
        if isinstance(value, classmethod)
    ]


def sample(annotation: str) -> object:
    samples = {"int": 3, "float": 2.5, "int | None": 3, "int | str": 3, "Exception": ValueError("X")}
    if annotation.startswith(("Iterable", "Sequence")):
        return []
    if annotation.startswith("Mapping"):
        return {}
    return Path("X") if annotation == "Path" else samples.get(annotation, "X")


@pytest.mark.parametrize("make", constructors())
def test_every_error_is_translated(make: Any, pseudo_language: None) -> None:
    kinds = {k: v for k, v in make.__func__.__annotations__.items() if k != "return"}
    told = make(**{name: sample(kind) for name, kind in kinds.items()})
    for sentence in (told.what, told.why, told.next_step):
        assert sentence.startswith("⟦"), sentence
        assert english_left(sentence) == []


def test_a_command_line_that_fails_speaks_the_language(
    pseudo_language: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path / "home"))
    for words in (
        ["check", "--profile", "nobody"],
        ["sandbox", "status"],
        ["sandbox", "down", "--name", "x"],
    ):
        with pytest.raises(SystemExit):
            cli.main(words)
        said = capsys.readouterr().err
        assert said.count("⟦") >= 4
        assert [word for word in english_left(said) if not word.endswith("Error:")] == []


BROKEN = {
    "a tab": "Resources:\n\tA: 1\n",
    "a quote": "Resources:\n  A: 'x\n",
    "a colon": "Resources:\n  A: b: c\n",
    "empty": "",
    "no template": "[1, 2]",
    "an alias": "Resources: &r\n  A: *r\n",
    "twice": "Resources:\n  A:\n    Type: X::Y\n  A:\n    Type: X::Y\n",
    "outside": "A:\n  Type: X::Y\n",
    "no section": "Q: 1\nResources:\n  A:\n    Type: X::Y\n",
    "a near section": "Resource:\n  A: 1\n",
    "under outputs": "Resources:\n  A:\n    Type: X::Y\nOutputs:\n  B:\n    Type: X::Y\n  C: 1\n",
    "a type": "Resources:\n  A: 1\n  B:\n    Type: X\n  C:\n    Typ: 1\n",
    "no properties": "Resources:\n  A:\n    Type: X::Y\n    Properties: 1\n    Q: 1\n",
    "a name": "Resources:\n  A:\n    Type: X::Y\n    DependsOn: Q\n    Properties:\n      Z: !Ref W\n",
    "a circle": (
        "Resources:\n  A:\n    Type: X::Y\n    DependsOn: B\n  B:\n    Type: X::Y\n    DependsOn: A\n"
    ),
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_template_is_explained_in_the_language(text: str, pseudo_language: None) -> None:
    found = problems(Document(text))
    assert found
    for problem in found:
        assert english_left(str(problem)) == []
        assert english_left(problem.what + problem.why + problem.next) == []


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_what_is_seen_of_a_block_is_told_in_the_language(fragment: str, pseudo_language: None) -> None:
    text = (resources.templates() / "infra-lab4.yml").read_text(encoding="utf-8")
    for seen in (
        text,
        text.replace("Resources:", "Resourced:"),
        text.replace("    Type:", "    Typ:"),
        "a: [b",
    ):
        finding = find(Document(seen), fragment, "as-written")
        assert english_left(finding.saw + finding.expected) == []


def test_a_step_that_fails_is_shown_in_the_language(pseudo_language: None) -> None:
    for error in (errors.StepError.not_passed(3, "X", "X", "X", "X"), KeyboardInterrupt()):
        shown = bundle.of_failure(bundle.name_of(3, "X"), error, [], Redactor())["text/plain"]
        left = [word for word in english_left(shown) if word not in {"·", ":"}]
        assert left == []


def test_what_ssh_says_is_told_in_the_language(pseudo_language: None) -> None:
    told = [
        failures.connecting(OSError("X"), "h", "u", 3),
        failures.connecting(TimeoutError(), "h", "u", 3),
        failures.preparing(PermissionError(), None, None),
        failures.command("h", "X", 1, None, "X"),
        failures.command("h", "X", None, "KILL", ""),
    ]
    assert [english_left(str(error)) for error in told] == [[]] * len(told)


# What a step shows and nobody translates: commands, programs' names, the old database's tables.
COMMANDS = ("# ", "$ ", "git ")
NAMES = {"categories", "images", "tags", "users", "id"}  # tables, and the column they are copied along
FOREVER = re.compile(r"^forever list$|^\w{4} +bin/www\.js .*$", re.MULTILINE)  # its ids are four letters


def prose(text: str) -> list[str]:
    """Plain words outside of every bracket; the course's own texts are not in the catalogue."""
    for step in (*LAB.steps, *CLEANUP.steps):
        text = text.replace(step.by_hand, "").replace(step.title, "")
    words = english_left("" if text.startswith(COMMANDS) else FOREVER.sub("", text))
    return [word for word in words if re.fullmatch(r"[A-Za-z][a-z]+[.,:;]?", word) and word not in NAMES]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What steps say while they run and when they end; of a difference, what stands above it."""
    kept: list[str] = []
    line, finish = StepView.line, StepView.finish

    def keep_line(view: StepView, text: str) -> None:
        kept.append(text)
        line(view, text)

    def keep_end(view: StepView, record: Record, parts: Iterable[Part] = ()) -> None:
        shown = list(parts)
        kept.extend([record.saw, record.expected, record.next])
        kept.extend(part.text.partition("--- ")[0] for part in shown)
        finish(view, record, shown)

    monkeypatch.setattr(StepView, "line", keep_line)
    monkeypatch.setattr(StepView, "finish", keep_end)
    return kept


@pytest.mark.slow
def test_the_whole_lab_speaks_the_language(
    fresh_sandbox: Any, pseudo_language: None, said: list[str], tmp_path: Path
) -> None:
    """Every check, failed and passed; every step and the clean-up, done."""
    lab_steps, clean_up = ([step.id for step in course.steps] for course in (LAB, CLEANUP))
    with opened(fresh_sandbox, tmp_path / "work", method="copy", confirm="yes") as lab:
        lab.place.account.client("cloud9").create_environment_ec2(
            name="TSAGallery", instanceType="t3.small", imageId="amazonlinux-2023-x86_64"
        )
        untouched = lab.check([*lab_steps, *clean_up])
        for step in lab_steps:
            lab.perform(step)
        done = lab.check(lab_steps)
        for step in clean_up:
            lab.perform(step)
    assert [found.number for found in untouched if found.passed] == []
    assert [found.number for found in done if not found.passed] == []
    said += [text for found in (*untouched, *done) for text in (found.saw, found.expected, found.next)]
    assert sum("⟦" in text for text in said) > 200
    assert [(text, words) for text in said if (words := prose(text))] == []


def test_what_is_not_translated_is_said_in_english(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(folder, "de", {"migration": {"no_table": {"what": "Es gibt keine Tabelle {table}."}}})
    monkeypatch.setenv("TSALAB_LANGUAGE", "de")
    told = errors.MigrationError.no_table("photos")
    assert told.what == "Es gibt keine Tabelle photos."
    assert told.next_step == "Compare with SHOW TABLES."


def test_a_language_with_more_plurals_than_english(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = {
        "one": "{count} tabela",
        "few": "{count} tabele",
        "many": "{count} tabel",
        "other": "{count} tabeli",
    }
    add(folder, "pl", {"tables": forms})
    monkeypatch.setenv("TSALAB_LANGUAGE", "pl")
    said = [messages.say("tables", count=count) for count in (1, 3, 5, 1.5)]
    assert said == ["1 tabela", "3 tabele", "5 tabel", "1.5 tabeli"]


@pytest.mark.parametrize("name", [PSEUDO, "en-pirate", "not_a_language_at_all"])
def test_a_language_that_nobody_knows_counts_as_english_does(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(folder, name, {"tables": {"one": "{count} taybul", "other": "{count} taybuls"}})
    monkeypatch.setenv("TSALAB_LANGUAGE", name)
    assert [messages.say("tables", count=count) for count in (1, 2)] == ["1 taybul", "2 taybuls"]


@pytest.mark.parametrize("name", ["xx", "../en", "EN"])
def test_a_language_without_a_file_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_LANGUAGE", name)
    with pytest.raises(errors.SettingError) as told:
        parameters.check({})
    assert repr(name) in told.value.what
    assert told.value.next_step == "Set TSALAB_LANGUAGE to one of: en."


def test_the_command_line_refuses_it_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TSALAB_LANGUAGE", "xx")
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor"])
    assert ended.value.code == 1
    assert "There are no messages in the language 'xx'." in capsys.readouterr().err


def faults(texts: Mapping[str, messages.Text]) -> list[str]:
    """Ids that English does not have, fields that it does not give, commands that it has otherwise."""
    english = messages._read("en")
    return [
        key
        for key, text in texts.items()
        if key not in english or fields(text) - fields(english[key]) or typed(text) - typed(english[key])
    ]


def typed(text: messages.Text) -> set[str]:
    """What stands between backticks: it is typed as it stands, in every language."""
    return set(re.findall(r"`[^`]+`", " ".join([text] if isinstance(text, str) else text.values())))


def test_every_language_that_is_there_fits_the_code() -> None:
    assert [(name, fault) for name in messages.languages() for fault in faults(messages._read(name))] == []


def test_what_does_not_fit_is_found() -> None:
    assert faults({"migration.no_table.what": "Es gibt keine Tabelle {tabelle}."})
    assert faults({"migration.no_table.was": "Es gibt sie nicht."})
    assert faults({"site.no_answer.next": "Siehe `immer liste`."})
    assert not faults({"site.no_answer.next": "Sieh `forever list` an."})


def fields(text: messages.Text) -> set[str]:
    texts = [text] if isinstance(text, str) else list(text.values())
    return {name for one in texts for _, name, _, _ in string.Formatter().parse(one) if name is not None}
