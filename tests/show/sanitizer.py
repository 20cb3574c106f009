"""What JupyterLab 4.6 lets through (apputils, Sanitizer), as far as our HTML uses it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

TAGS = {
    *("b", "caption", "code", "details", "div", "em", "img", "p", "pre", "progress", "span", "strong"),
    *("summary", "table", "tbody", "td", "th", "thead", "tr"),
}
ATTRIBUTES = {
    "*": {"class", "style", "title"},
    "details": {"open"},
    "progress": {"max", "value"},
    "img": {"alt", "src"},
}
COLOUR = r"rgba\(\d{1,3}, \d{1,3}, \d{1,3}, \d\.\d+\)"
LENGTH = r"-?\d+(px|em|%)?"
STYLES = {
    "background-color": COLOUR,
    "border-bottom": rf"{LENGTH} solid {COLOUR}",
    "border-collapse": "collapse",
    "font-family": "monospace",
    "font-weight": "bold",
    "margin": rf"{LENGTH}( {LENGTH}){{0,3}}",
    "margin-right": LENGTH,
    "height": LENGTH,
    "max-height": LENGTH,
    "max-width": LENGTH,
    "overflow": "auto",
    "overflow-wrap": "break-word",
    "padding": rf"{LENGTH}( {LENGTH}){{0,3}}",
    "text-align": "left",
    "vertical-align": "top",
    "white-space": "pre-wrap|nowrap",
    "width": LENGTH,
}
VOID = {"img", "br", "hr"}


class Sanitizer(HTMLParser):
    """Fails on what the real one would strip, and on tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES["*"] | ATTRIBUTES.get(tag, set()), (tag, name)
            if name == "style":
                self.styles(value or "")
            if name == "class":
                assert all(word.startswith("tsalab-") for word in (value or "").split()), value
        if tag not in VOID:
            self.open.append(tag)

    def styles(self, text: str) -> None:
        for part in text.split(";"):
            name, _, value = part.partition(":")
            assert name.strip() in STYLES, name
            assert re.fullmatch(STYLES[name.strip()], value.strip()), part

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def sanitized(html: str) -> str:
    """Return the text of HTML that the sanitizer leaves whole."""
    parser = Sanitizer()
    parser.feed(html)
    parser.close()
    assert not parser.open
    return parser.text
