"""The app's edits: found by content, every other byte kept, once is enough."""

from __future__ import annotations

import pytest

from tsalab import resources
from tsalab.errors import StepError
from tsalab.steps.source import APP, CONFIG, DEFAULT_SECRET, EDITS, block, find, missing_comma, with_comma

API = resources.templates() / "gallery" / "api"
ORDER = ("config-make-room", "config-secret-name", "config-drop-db", "app-drop-pool", "app-add-pool")


def text(file: str) -> str:
    return (API / file).read_text(encoding="utf-8")


def edited(file: str, names: tuple[str, ...], secret: str = DEFAULT_SECRET, start: str | None = None) -> str:
    result = text(file) if start is None else start
    for name in names:
        if EDITS[name].file == file:
            result = EDITS[name].apply(result, secret)
    return result


@pytest.mark.parametrize("name", ORDER)
def test_untouched_code_passes_no_check(name: str) -> None:
    assert not EDITS[name].look(text(EDITS[name].file), DEFAULT_SECRET).ok


@pytest.mark.parametrize("name", ORDER)
def test_an_edit_makes_its_own_check_pass_and_runs_twice(name: str) -> None:
    edit = EDITS[name]
    before = edited(edit.file, ORDER[: ORDER.index(name)])
    after = edit.apply(before, DEFAULT_SECRET)
    assert edit.look(after, DEFAULT_SECRET).ok
    assert edit.apply(after, DEFAULT_SECRET) == after


def test_config_becomes_what_the_lab_prints() -> None:
    lines = edited(CONFIG, ORDER).split("\n")
    assert lines[5] == block("config-secret-name")[0]
    assert lines[6].strip() == "},"
    assert "db:" not in edited(CONFIG, ORDER)


def test_app_gets_the_new_block_where_the_old_one_was() -> None:
    old = text(APP).split("\n")
    new = edited(APP, ORDER).split("\n")
    at = find(old, block("app-pool-old"))
    assert at == 36  # the lab's line 37
    assert new[:at] == old[:at]
    assert new[at : at + len(block("app-pool-new"))] == list(block("app-pool-new"))
    assert new[at + len(block("app-pool-new")) :] == old[at + len(block("app-pool-old")) :]


def test_another_secret_name_is_written_and_asked_for() -> None:
    name = "Other-RDSMasterSecret"
    result = edited(CONFIG, ORDER, secret=name)
    assert f"'{name}'" in result
    seen = EDITS["config-secret-name"].look(result, DEFAULT_SECRET)
    assert not seen.ok
    assert name in seen.saw
    mended = EDITS["config-secret-name"].apply(result, DEFAULT_SECRET)
    assert EDITS["config-secret-name"].look(mended, DEFAULT_SECRET).ok
    assert mended.count("secretName") == 1


@pytest.mark.parametrize("file", [CONFIG, APP])
def test_windows_line_ends_stay(file: str) -> None:
    result = edited(file, ORDER, start=text(file).replace("\n", "\r\n"))
    assert result.count("\n") == result.count("\r\n")
    assert result.replace("\r\n", "\n") == edited(file, ORDER)


@pytest.mark.parametrize("file", [CONFIG, APP])
def test_other_indentation_is_found(file: str) -> None:
    shifted = "\n".join(f"\t{line}" if line else line for line in text(file).split("\n"))
    result = edited(file, ORDER, start=shifted)
    assert all(EDITS[name].look(result, DEFAULT_SECRET).ok for name in ORDER if EDITS[name].file == file)


def test_steps_may_be_skipped_to_by_hand() -> None:
    """Whoever writes secretName at once, without the empty line of step 16, passes step 16 too."""
    result = EDITS["config-secret-name"].apply(text(CONFIG), DEFAULT_SECRET)
    assert EDITS["config-make-room"].look(result, DEFAULT_SECRET).ok


def commented(lines: tuple[str, ...], style: str) -> list[str]:
    return ["/*", *lines, "*/"] if style == "block" else [f"// {line}" for line in lines]


@pytest.mark.parametrize("style", ["lines", "block"])
def test_old_code_commented_out_is_gone(style: str) -> None:
    for file, name in ((CONFIG, "config-db"), (APP, "app-pool-old")):
        lines = edited(file, ORDER[:2] + ORDER[4:]).split("\n") if file == CONFIG else text(file).split("\n")
        at = find(lines, block(name))
        assert at is not None
        lines[at : at + len(block(name))] = commented(block(name), style)
        edit = EDITS["config-drop-db" if file == CONFIG else "app-drop-pool"]
        assert edit.look("\n".join(lines), DEFAULT_SECRET).ok
        assert edit.apply("\n".join(lines), DEFAULT_SECRET) == "\n".join(lines)


@pytest.mark.parametrize("style", ["lines", "block"])
def test_new_code_commented_out_is_not_there(style: str) -> None:
    pool, name = block("app-pool-new"), block("config-secret-name")
    lines = edited(APP, ORDER).split("\n")
    at = find(lines, pool)
    assert at is not None
    lines[at : at + len(pool)] = commented(pool, style)
    assert not EDITS["app-add-pool"].look("\n".join(lines), DEFAULT_SECRET).ok
    config = edited(CONFIG, ORDER).replace(name[0], "\n".join(commented(name, style)))
    assert not EDITS["config-secret-name"].look(config, DEFAULT_SECRET).ok
    mended = EDITS["config-secret-name"].apply(config, DEFAULT_SECRET)
    assert EDITS["config-secret-name"].look(mended, DEFAULT_SECRET).ok


def test_what_only_looks_like_a_comment_is_code() -> None:
    start = "const url = 'https://x'; getSecretValue()\ncreatePool({ host: secrets.host })\n"
    assert EDITS["app-add-pool"].look(start, DEFAULT_SECRET).ok


def test_of_two_names_of_the_secret_the_last_one_counts() -> None:
    """As in JavaScript: the later of two equal keys wins."""
    line = block("config-secret-name")[0]
    wrong = line.replace(DEFAULT_SECRET, "Wrong")
    both = edited(CONFIG, ORDER).replace(line, f"{line}\n{wrong}")
    edit = EDITS["config-secret-name"]
    assert not edit.look(both, DEFAULT_SECRET).ok
    assert edit.look(edit.apply(both, DEFAULT_SECRET), DEFAULT_SECRET).ok


def test_a_wrong_name_below_an_empty_line_is_replaced() -> None:
    line = block("config-secret-name")[0]
    wrong = edited(CONFIG, ORDER).replace(line, "\n" + line.replace(DEFAULT_SECRET, "Wrong"))
    mended = EDITS["config-secret-name"].apply(wrong, DEFAULT_SECRET)
    assert mended.count("secretName") == 1
    assert "Wrong" not in mended


def test_a_missing_comma_before_the_new_line_is_added() -> None:
    lines = text(CONFIG).split("\n")
    lines[4] = lines[4].rstrip(",")
    result = EDITS["config-secret-name"].apply("\n".join(lines), DEFAULT_SECRET)
    assert result.split("\n")[4].endswith(",")
    lines[4] += "  // where photos lie"
    result = EDITS["config-secret-name"].apply("\n".join(lines), DEFAULT_SECRET)
    assert result.split("\n")[4].endswith(",  // where photos lie")


@pytest.mark.parametrize(
    ("name", "start", "saw"),
    [
        ("config-make-room", "const config = {};\n", "the block aws: { … } is missing"),
        ("config-secret-name", "secretName: 'x',\naws: {\n},\n", "outside the aws block, in line 1"),
        ("app-add-pool", "x = getSecretValue()\n", "does not create the pool"),
        ("app-add-pool", "getSecretValue()\ncreatePool({\nhost: other\n", "does not use the secret's host"),
        ("app-drop-pool", "a\nhost: app.locals.config.db.host,\n", "in line 2"),
    ],
)
def test_checks_say_what_they_saw(name: str, start: str, saw: str) -> None:
    seen = EDITS[name].look(start, DEFAULT_SECRET)
    assert not seen.ok
    assert saw in seen.saw


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("config-secret-name", "const config = {};\n"),
        ("config-drop-db", "db: {\n  changed: 1\n},\n"),
        ("app-drop-pool", "host: config.db.host\n"),
        ("app-add-pool", "nothing of the lab\n"),
    ],
)
def test_a_changed_file_is_refused_and_named(name: str, start: str) -> None:
    with pytest.raises(StepError) as caught:
        EDITS[name].apply(start, DEFAULT_SECRET)
    assert EDITS[name].file in caught.value.what
    assert "by hand" in caught.value.next_step


@pytest.mark.parametrize("line", [4, 5, 6])
def test_a_missing_comma_is_found_where_it_is_missing(line: int) -> None:
    good = edited(CONFIG, ORDER)
    lines = good.split("\n")
    lines[line - 1] = lines[line - 1].rstrip(",") + "  // a comment, with a comma"
    assert missing_comma("\n".join(lines)) == (line if line < 6 else None)  # before } none is needed
    assert missing_comma(good) is None
    mended = with_comma("\n".join(lines), line)
    assert mended.split("\n")[line - 1].endswith(",  // a comment, with a comma")
    assert missing_comma(mended) is None


def test_what_to_delete_is_said_by_its_lines() -> None:
    seen = EDITS["config-drop-db"].look(text(CONFIG), DEFAULT_SECRET)
    assert seen.next == "Delete lines 14 to 20 of utils/config.js."
    seen = EDITS["app-drop-pool"].look(text(APP), DEFAULT_SECRET)
    assert seen.next == "Delete lines 37 to 44 of app.js."
    assert "lines 37 to 44" in seen.saw
    assert "beside the new one" not in seen.saw


def test_an_old_pool_beside_the_new_one_is_named() -> None:
    both = text(APP).replace(
        "\n".join(block("app-pool-old")), "\n".join(block("app-pool-new") + block("app-pool-old"))
    )
    seen = EDITS["app-drop-pool"].look(both, DEFAULT_SECRET)
    first = 37 + len(block("app-pool-new"))
    assert f"in lines {first} to {first + 7}, beside the new one" in seen.saw
    assert seen.next == f"Delete lines {first} to {first + 7} of app.js."


def test_a_block_that_nothing_closes_is_one_line() -> None:
    seen = EDITS["config-drop-db"].look("const config = {\n    db: {\n        host: 1,\n", DEFAULT_SECRET)
    assert seen.next == "Delete lines 2 to 2 of utils/config.js."
