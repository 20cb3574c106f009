"""The picture of the architecture: whole, well-formed, legible in both schemes, loading nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from tsalab.architecture import PARTS, Overview, Part, State
from tsalab.show import diagram
from tsalab.show.layout import NARROW, WIDE, Layout

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
STATES = list(State)


def overview(shift: int = 0) -> Overview:
    """Every state somewhere; with each shift somewhere else."""
    return Overview.of(
        [Part(name, STATES[(index + shift) % len(STATES)]) for index, name in enumerate(PARTS)], NOW
    )


def drawn(shift: int = 0) -> ElementTree.Element:
    return ElementTree.fromstring(diagram.svg(overview(shift)))  # noqa: S314 - we made it


def layout_of(root: ElementTree.Element, name: str) -> ElementTree.Element:
    return next(found for found in root.iter(f"{SVG}svg") if found.get("class") == name)


def test_it_is_well_formed_and_says_what_it_shows() -> None:
    root = drawn()
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Architecture of the lab"
    assert root.findtext(f"{SVG}desc") == overview().sentence()
    named = {found.get("id") for found in root.iter() if found.get("id")}
    assert set((root.get("aria-labelledby") or "").split()) <= named


def test_it_loads_nothing_and_holds_no_script() -> None:
    text = diagram.svg(overview())
    assert "http" not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"<script|url\(|@import|\bon[a-z]+=|<image|<foreignObject", text)
    links = {found.get("href") for found in drawn().iter() if found.get("href")}
    named = {f"#{found.get('id')}" for found in drawn().iter() if found.get("id")}
    assert links <= named


@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
def test_each_layout_shows_every_part_with_shape_and_word(layout: Layout) -> None:
    placed = [*layout.frames, *layout.boxes, *layout.inner]
    assert sorted(placed) == sorted(PARTS)
    for shift in range(len(STATES)):
        group = layout_of(drawn(shift), layout.name)
        words = [found.text for found in group.iter(f"{SVG}text") if "ta-word" in (found.get("class") or "")]
        marks = [found.get("href") for found in group.iter(f"{SVG}use")]
        parts = overview(shift).parts
        assert sorted(words) == sorted(part.status for part in parts.values())
        assert sorted(marks) == sorted(f"#ta-mark-{part.state.value}" for part in parts.values())


def test_each_state_has_a_shape_and_a_colour_of_its_own() -> None:
    shapes = {
        ElementTree.tostring(found).partition(b">")[2]
        for found in drawn().iter(f"{SVG}g")
        if (found.get("id") or "").startswith("ta-mark-")
    }
    assert len(shapes) == len(STATES)
    for rules in (diagram.LIGHT, diagram.DARK):
        assert len(set(rules.states.values())) == len(STATES)


def test_another_state_is_another_picture() -> None:
    seen = overview()
    assert diagram.svg(seen) == diagram.svg(seen)
    part = Part(
        "cluster", State.AVAILABLE if seen.parts["cluster"].state is not State.AVAILABLE else State.FAILED
    )
    assert diagram.svg(seen.with_part(part)) != diagram.svg(seen)


# --- contrast, as WCAG 2.2 computes it ------------------------------------------------------


def rules(text: str) -> dict[str, dict[str, str]]:
    """Class to property to colour."""
    found: dict[str, dict[str, str]] = {}
    for name, body in re.findall(r"\.(ta-[\w-]+)\{([^}]*)\}", text):
        found.setdefault(name, {}).update(
            (key, value) for key, _, value in (each.partition(":") for each in body.split(";"))
        )
    return found


def schemes() -> dict[str, dict[str, dict[str, str]]]:
    style = drawn().findtext(f"{SVG}style") or ""
    plain, dark = style.split("@media (prefers-color-scheme:dark){")
    light = rules(plain)
    later = rules(dark.partition("@media (max-width")[0])
    return {"light": light, "dark": {name: body | later.get(name, {}) for name, body in light.items()}}


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels]
    return sum(v * weight for v, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@dataclass(frozen=True)
class Painted:
    """Something drawn: its colour in a scheme, and that of what lies right under it."""

    what: str
    colour: str
    under: str


class Painter:
    """Goes through a layout as it is drawn; each thing lies on the last rectangle drawn there."""

    def __init__(self, scheme: dict[str, dict[str, str]]) -> None:
        self.scheme = scheme
        self.areas: list[tuple[float, float, float, float, str]] = []

    def colour(self, element: ElementTree.Element, key: str) -> str:
        names = (element.get("class") or "").split()
        return next((self.scheme[name][key] for name in names if key in self.scheme.get(name, {})), "")

    def under(self, x: float, y: float) -> str:
        return next(
            fill
            for left, top, width, height, fill in reversed(self.areas)
            if left <= x <= left + width and top <= y <= top + height
        )

    def rect(self, element: ElementTree.Element) -> Iterator[Painted]:
        left, top, width, height = (float(element.get(key) or 0) for key in ("x", "y", "width", "height"))
        stroke, fill = self.colour(element, "stroke"), self.colour(element, "fill")
        if self.areas:  # the picture's own edge tells nothing
            yield Painted("outline", stroke, self.under(left + width / 2, top))
        if fill.startswith("#"):
            if self.areas:
                yield Painted("outline", stroke, fill)
            self.areas.append((left, top, width, height, fill))

    def text(self, element: ElementTree.Element) -> Iterator[Painted]:
        where = self.under(float(element.get("x") or 0), float(element.get("y") or 0))
        yield Painted(f"text {element.text}", self.colour(element, "fill"), where)

    def g(self, element: ElementTree.Element) -> Iterator[Painted]:
        for use in element.findall(f"{SVG}use"):
            mark = self.colour(element, "color")
            yield Painted("mark", mark, self.under(float(use.get("x") or 0), float(use.get("y") or 0)))
            yield Painted("sign in the mark", self.scheme["ta-mark"]["stroke"], mark)

    def path(self, element: ElementTree.Element) -> Iterator[Painted]:
        if "ta-line" in (element.get("class") or ""):
            for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", element.get("d") or ""):
                yield Painted("arrow", self.colour(element, "stroke"), self.under(float(x), float(y)))

    def painted(self, layout: ElementTree.Element) -> Iterator[Painted]:
        for element in layout.iter():
            handler = getattr(self, element.tag.removeprefix(SVG), None)
            if handler:
                yield from handler(element)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("layout", [WIDE, NARROW], ids=["wide", "narrow"])
def test_text_has_4_5_to_1_and_shapes_3_to_1(scheme: str, layout: Layout) -> None:
    found = [
        each
        for shift in range(len(STATES))
        for each in Painter(schemes()[scheme]).painted(layout_of(drawn(shift), layout.name))
    ]
    kinds = {each.what.split()[0] for each in found}
    assert kinds == {"text", "outline", "mark", "sign", "arrow"}
    poor = {
        (each, round(ratio, 2))
        for each in found
        if (ratio := contrast(each.colour, each.under)) < (4.5 if each.what.startswith("text") else 3)
    }
    assert poor == set()
