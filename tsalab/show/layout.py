"""Where each part of the architecture stands in the picture: the lab's reference layout, wide and narrow.

One row tells how the template arrives (S3 → CodePipeline → CloudFormation), the VPC below
what it makes, the last row how the page arrives and is seen (CodeCommit → CodePipeline →
S3 ← CloudFront ← visitor). The narrow one is for a phone.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Line:
    """An arrow along points, between two parts; faint as long as one of them is absent.

    Parameters
    ----------
    ends
        Ids of the parts it joins; others are always there.
    points
        Its corners; the tip is at the last.
    label
        Id of what is written at `at`, if anything.
    at
        Where the label begins.
    dashed
        For what is known rather than moved.
    """

    ends: tuple[str, str]
    points: tuple[tuple[float, float], ...]
    label: str = ""
    at: tuple[float, float] = (0, 0)
    dashed: bool = False


@dataclass(frozen=True)
class Layout:
    """One arrangement.

    Parameters
    ----------
    name
        Class of its group.
    width, height
        Of the drawing.
    frames
        Parts that hold others, outermost first.
    zones
        The availability zones.
    boxes
        Parts that stand for themselves.
    inner
        Parts drawn inside another's box: two lines instead of three.
    visitor
        Middle of the visitor's head.
    lines
        Arrows.
    stacked
        Whether a frame's state stands below its name.
    """

    name: str
    width: float
    height: float
    frames: dict[str, Box]
    zones: dict[str, Box]
    boxes: dict[str, Box]
    inner: dict[str, Box]
    visitor: tuple[float, float]
    lines: tuple[Line, ...]
    stacked: bool = False


WIDE = Layout(
    "ta-wide",
    960,
    540,
    frames={
        "vpc": Box(20, 116, 680, 300),
        "private-subnet-a": Box(48, 170, 292, 106),
        "private-subnet-b": Box(380, 170, 292, 106),
        "public-subnet-a": Box(48, 286, 292, 120),
        "public-subnet-b": Box(380, 286, 292, 120),
    },
    zones={"a": Box(36, 146, 316, 266), "b": Box(368, 146, 316, 266)},
    boxes={
        "data-bucket": Box(20, 20, 176, 66),
        "bootstrap-pipeline": Box(246, 20, 196, 66),
        "stack": Box(492, 20, 208, 66),
        "secret": Box(750, 20, 190, 66),
        "web-server": Box(60, 314, 268, 84),
        "cluster": Box(180, 200, 360, 68),
        "api-repository": Box(20, 454, 156, 66),
        "spa-repository": Box(216, 454, 156, 66),
        "spa-pipeline": Box(412, 454, 156, 66),
        "spa": Box(608, 454, 136, 66),
        "distribution": Box(792, 454, 148, 66),
    },
    inner={"mariadb": Box(184, 324, 134, 56)},
    visitor=(880, 354),
    lines=(
        Line(("data-bucket", "bootstrap-pipeline"), ((196, 53), (246, 53))),
        Line(("bootstrap-pipeline", "stack"), ((442, 53), (492, 53))),
        Line(("stack", "vpc"), ((596, 86), (596, 116)), "creates", (606, 106)),
        Line(("stack", "secret"), ((700, 53), (750, 53))),
        Line(("secret", "cluster"), ((845, 86), (845, 234), (540, 234)), "login", (712, 227), dashed=True),
        Line(("web-server", "cluster"), ((318, 314), (318, 268))),
        Line(("api-repository", "web-server"), ((98, 454), (98, 398)), "pull", (106, 434)),
        Line(("spa-repository", "spa-pipeline"), ((372, 487), (412, 487))),
        Line(("spa-pipeline", "spa"), ((568, 487), (608, 487))),
        Line(("distribution", "spa"), ((792, 487), (744, 487))),
        Line(("distribution", "web-server"), ((816, 454), (816, 391), (328, 391)), "api", (712, 384)),
        Line(("visitor", "distribution"), ((880, 406), (880, 454))),
    ),
)

NARROW = Layout(
    "ta-narrow",
    480,
    764,
    frames={
        "vpc": Box(8, 102, 464, 358),
        "private-subnet-a": Box(22, 154, 208, 118),
        "private-subnet-b": Box(250, 154, 208, 118),
        "public-subnet-a": Box(22, 282, 208, 168),
        "public-subnet-b": Box(250, 282, 208, 168),
    },
    zones={"a": Box(16, 130, 220, 326), "b": Box(244, 130, 220, 326)},
    boxes={
        "data-bucket": Box(8, 8, 140, 66),
        "bootstrap-pipeline": Box(170, 8, 140, 66),
        "stack": Box(332, 8, 140, 66),
        "cluster": Box(90, 196, 300, 68),
        "web-server": Box(30, 322, 192, 122),
        "api-repository": Box(8, 490, 140, 66),
        "secret": Box(332, 490, 140, 66),
        "spa-repository": Box(8, 590, 140, 66),
        "spa-pipeline": Box(170, 590, 140, 66),
        "spa": Box(332, 590, 140, 66),
        "distribution": Box(332, 690, 140, 66),
    },
    inner={"mariadb": Box(38, 384, 176, 52)},
    visitor=(240, 706),
    lines=(
        Line(("data-bucket", "bootstrap-pipeline"), ((148, 41), (170, 41))),
        Line(("bootstrap-pipeline", "stack"), ((310, 41), (332, 41))),
        Line(("stack", "vpc"), ((402, 74), (402, 102))),
        Line(("secret", "cluster"), ((354, 490), (354, 264)), dashed=True),
        Line(("web-server", "cluster"), ((206, 322), (206, 264))),
        Line(("api-repository", "web-server"), ((78, 490), (78, 444))),
        Line(("spa-repository", "spa-pipeline"), ((148, 623), (170, 623))),
        Line(("spa-pipeline", "spa"), ((310, 623), (332, 623))),
        Line(("distribution", "spa"), ((402, 690), (402, 656))),
        Line(("visitor", "distribution"), ((272, 723), (332, 723))),
    ),
    stacked=True,
)
