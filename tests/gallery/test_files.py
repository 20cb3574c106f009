"""What the files must be like: the lab quotes lines of them."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import pytest

from .parts import FRAGMENTS, GALLERY

API = GALLERY / "api"
SPA = GALLERY / "spa"


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def test_config_has_the_lines_that_steps_16_to_18_count() -> None:
    config = lines(API / "utils" / "config.js")
    assert config[0].startswith("//")
    assert [line.strip() for line in (config[1], config[2], config[5], config[6], config[12])] == [
        "const config = {",
        "aws: {",
        "},",
        "app: {",
        "},",
    ]
    assert config[3].strip().startswith("region: process.env.AWS_REGION || ")
    assert config[4].strip().startswith("s3Bucket: process.env.S3BUCKET || ")
    assert config[4].endswith(","), "a line is added below"
    assert "\n".join(config[13:20]) + "\n" == (FRAGMENTS / "config-db.js").read_text()
    assert any(line.strip() == "cache: {" for line in config[20:])


def test_app_has_the_lines_that_step_21_counts() -> None:
    app = lines(API / "app.js")
    assert "\n".join(app[36:44]) + "\n" == (FRAGMENTS / "app-pool-old.js").read_text()
    assert app[34].strip() == "// make sure database is connected"
    before = "\n".join(app[:36])
    assert "async function" in before
    assert "app.use('/api'" not in before
    assert "aws-sdk" in json.loads((API / "package.json").read_text())["dependencies"]


@pytest.mark.parametrize("package", ["api", "host"])
def test_locks_name_versions_and_no_addresses(package: str) -> None:
    lock = json.loads((GALLERY / package / "package-lock.json").read_text())
    wanted = json.loads((GALLERY / package / "package.json").read_text())["dependencies"]
    for path, entry in lock["packages"].items():
        assert "resolved" not in entry, path
        assert not path or entry["integrity"], path
    for name, version in wanted.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version, "pinned"
    assert "omit-lockfile-registry-resolved=true" in (GALLERY / package / ".npmrc").read_text()


def test_git_leaves_out_what_npm_and_uploads_put_there() -> None:
    # Without a slash at its end: node_modules may be a link to what many apps share.
    assert {"node_modules", "uploads/"} <= set(lines(API / ".gitignore"))


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height from the frame header (ITU T.81, B.2.2)."""
    at = 2
    while True:
        marker, length = struct.unpack(">HH", data[at : at + 4])
        if marker in (0xFFC0, 0xFFC1, 0xFFC2):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length


def test_the_seed_tells_the_truth_about_six_photos() -> None:
    seed = (API / "db" / "seed.sql").read_text()
    rows = re.findall(r"'([\w-]+\.jpg)', '([\w-]+_thumb\.jpg)', (\d+), (\d+), (\d+),", seed)
    assert len(rows) == 6
    for photo, thumb, width, height, size in rows:
        data = (GALLERY / "photos" / photo).read_bytes()
        assert jpeg_size(data) == (int(width), int(height))
        assert len(data) == int(size)
        assert len(data) < 150_000
        assert jpeg_size((GALLERY / "photos" / thumb).read_bytes())[0] == 400
    assert len(list((GALLERY / "photos").glob("*.jpg"))) == 12


def test_the_page_asks_nobody_else() -> None:
    for path in SPA.rglob("*"):
        if path.suffix in {".html", ".css", ".js"}:
            addresses = set(re.findall(r"https?://[^\s'\"]+", path.read_text()))
            assert addresses <= {"http://www.w3.org/2000/svg"}, path


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_can_be_read_in_both_themes() -> None:
    css = (SPA / "css" / "base.css").read_text()
    blocks = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in css.split("{")]
    themes = [block for block in blocks if "ground" in block]
    assert len(themes) == 3
    assert themes[1] == themes[2], "chosen dark equals the system's dark"
    for theme in themes:
        pairs = [
            (text, ground)
            for text in ("ink", "quiet", "accent", "danger")
            for ground in ("ground", "surface")
        ]
        for text, ground in [*pairs, ("ink", "sunken"), ("accent-ink", "accent")]:
            light, dark = sorted((luminance(theme[text]), luminance(theme[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_every_route_and_setting_is_in_the_readme() -> None:
    readme = (GALLERY / "README.md").read_text()
    for path in (API / "routes").glob("*.js"):
        for method, route in re.findall(r"router\.(get|post|put|delete)\('([^']+)'", path.read_text()):
            assert f"`{method.upper()} /api{route}`" in readme
    for name in re.findall(r"process\.env\.(\w+)", (API / "utils" / "config.js").read_text()):
        assert f"`{name}`" in readme
