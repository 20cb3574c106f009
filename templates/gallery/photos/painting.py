"""What the gallery's photos are painted with: noise, light, mountain lines, water, firs and flowers.

`make_photos.py` composes its scenes of these. A picture is an array of float colours, 0 to 255.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 1200, 800
SCALE = 2  # rendered at twice the size, for smooth edges
W, H = WIDTH * SCALE, HEIGHT * SCALE

Array = np.ndarray
Colour = tuple[int, int, int]


def noise(rng: np.random.Generator, shape: tuple[int, int], cells: float) -> Array:
    """Smooth noise from 0 to 1, with about `cells` bumps along the width."""
    across = max(2, round(cells))
    down = max(2, round(cells * shape[0] / shape[1]))
    coarse = Image.fromarray(rng.random((down + 1, across + 1)).astype(np.float32))
    return np.asarray(coarse.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)).clip(0, 1)


def fractal(rng: np.random.Generator, shape: tuple[int, int], cells: float, octaves: int) -> Array:
    """Noise of several sizes, each half as strong as the one before; about 0 to 1."""
    total = np.zeros(shape, dtype=np.float32)
    weight = 0.0
    for octave in range(octaves):
        strength = 0.5**octave
        total += noise(rng, shape, cells * 2**octave) * strength
        weight += strength
    return total / weight


def ridge(rng: np.random.Generator, base: float, relief: float, cells: float, octaves: int = 7) -> Array:
    """Height in pixels from the top of a mountain line, one a column."""
    positions = np.linspace(0, 1, W)
    line = np.zeros(W)
    for octave in range(octaves):
        knots = rng.random(max(3, round(cells * 2**octave)) + 1) - 0.5
        at = np.linspace(0, 1, len(knots))
        line += np.interp(positions, at, knots) * 0.52**octave
    return (base + line * relief) * H


def gradient(stops: list[tuple[float, Colour]]) -> Array:
    """A picture whose rows fade from colour to colour."""
    rows = np.linspace(0, 1, H)
    at = [stop for stop, _ in stops]
    channels = [np.interp(rows, at, [colour[c] for _, colour in stops]) for c in range(3)]
    return np.repeat(np.stack(channels, axis=-1)[:, None, :], W, axis=1).astype(np.float32)


def blend(picture: Array, colour: Array | Colour, alpha: Array) -> Array:
    """Lay a colour over the picture where alpha is above 0."""
    top = np.asarray(colour, dtype=np.float32)
    return picture + (top - picture) * alpha[..., None]


def glow(x: float, y: float, radius: float, power: float = 2.0) -> Array:
    """Light around a point (as parts of width and height), 1 at its centre."""
    rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
    distance = np.hypot(columns - x * W, rows - y * H) / (radius * W)
    return 1 / (1 + distance**power)


def disc(x: float, y: float, radius: float, soft: float = 3.0) -> Array:
    """A filled circle with a soft edge."""
    rows, columns = np.mgrid[0:H, 0:W].astype(np.float32)
    distance = np.hypot(columns - x * W, rows - y * H)
    return ((radius * W - distance) / soft + 0.5).clip(0, 1)


def below(line: Array, soft: float = 1.5) -> Array:
    """1 under a ridge line, 0 above it."""
    return ((np.arange(H)[:, None] - line[None, :]) / soft + 0.5).clip(0, 1).astype(np.float32)


def mountains(
    picture: Array, rng: np.random.Generator, layers: list[tuple[float, float, float, Colour]], haze: Colour
) -> Array:
    """Ridges one before the other, each with mist at its foot."""
    rows = np.arange(H, dtype=np.float32)[:, None]
    for base, relief, cells, colour in layers:
        line = ridge(rng, base, relief, cells)
        depth = ((rows - line[None, :]) / (0.30 * H)).clip(0, 1)
        body = np.asarray(colour, dtype=np.float32) * (0.94 + 0.12 * fractal(rng, (H, W), 40, 4)[..., None])
        body = body + (np.asarray(haze, dtype=np.float32) - body) * (depth[..., None] ** 1.4 * 0.65)
        picture = blend(picture, body, below(line))
    return picture


def reflect(picture: Array, rng: np.random.Generator, horizon: float, tint: Colour, strength: float) -> Array:
    """Fill what lies below the horizon with rippled water."""
    top = int(horizon * H)
    rows = np.arange(H - top)
    depth = rows / (H - top)

    waves = fractal(rng, (H - top, W), 26, 3) - 0.5
    stretched = np.asarray(
        Image.fromarray(waves[: (H - top) // 6]).resize((W, H - top), Image.Resampling.BICUBIC)
    )
    squeezed = np.asarray(Image.fromarray(waves[:, : W // 5]).resize((W, H - top), Image.Resampling.BICUBIC))
    offset = (squeezed * 46 + stretched * 10) * (0.25 + depth[:, None])
    source = (top - 1 - rows[:, None] * 0.92 + offset * SCALE).clip(0, top - 1).astype(int)
    sideways = (np.arange(W)[None, :] + squeezed * 22 * SCALE * depth[:, None]).clip(0, W - 1).astype(int)
    water = picture[source, sideways]
    water = water + (np.asarray(tint, dtype=np.float32) - water) * (0.22 + strength * depth[:, None, None])
    result = picture.copy()
    result[top:] = water
    return result


def pines(
    picture: Array,
    rng: np.random.Generator,
    ground: Array,
    count: int,
    size: tuple[float, float],
    colour: Colour,
) -> Array:
    """A row of firs standing on a line."""
    alpha = np.zeros((H, W), dtype=np.float32)
    for _ in range(count):
        foot_x = int(rng.integers(0, W))
        tall = int(rng.uniform(*size) * H)
        foot_y = int(ground[foot_x]) + 8
        for row in range(max(0, foot_y - tall), min(H, foot_y)):
            part = 1 - (foot_y - row) / tall
            branch = 0.62 + 0.38 * abs(((part * 9) % 1) - 0.15)
            half = max(1, int(part**1.1 * tall * 0.17 * branch + rng.integers(0, 4)))
            alpha[row, max(0, foot_x - half) : min(W, foot_x + half)] = 1
    return blend(picture, colour, alpha)


def flower(
    picture: Array,
    centre: tuple[float, float],
    size: float,
    petals: int,
    colours: tuple[Colour, Colour, Colour],
    turn: float,
) -> Array:
    """One open flower: petals, a darker throat, a heart."""
    x, y = centre
    reach = int(size * 1.3)
    top, left = max(0, int(y) - reach), max(0, int(x) - reach)
    bottom, right = min(H, int(y) + reach), min(W, int(x) + reach)
    if bottom <= top or right <= left:
        return picture
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    radius = np.hypot(columns - x, rows - y) / size
    angle = np.arctan2(rows - y, columns - x) + turn
    edge = 0.60 + 0.36 * np.abs(np.cos(angle * petals / 2)) ** 0.7
    alpha = ((edge - radius) * size / 3).clip(0, 1)
    outer, inner, heart = (np.asarray(colour, dtype=np.float32) for colour in colours)
    vein = 0.92 + 0.08 * np.cos(angle * petals * 5)
    gap = 0.72 + 0.28 * np.abs(np.cos(angle * petals / 2)) ** 0.5
    shade = (radius.clip(0, 1) ** 0.8)[..., None]
    body = (inner + (outer - inner) * shade) * (vein * gap)[..., None]
    body = body + (heart - body) * ((0.24 - radius) * 14).clip(0, 1)[..., None]
    part = picture[top:bottom, left:right]
    picture[top:bottom, left:right] = part + (body - part) * alpha[..., None]
    return picture
