# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy>=2", "pillow>=11"]
# ///
"""Render the six photos that the gallery starts with, and their thumbnails.

They are computed, not taken: ridges, water, dunes, flowers and a night sky made of noise and light.
So nobody else has a right in them, and anyone can make them again::

    uv run templates/gallery/photos/make_photos.py

A picture depends on its seed alone. The files are committed; run this only to change one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from painting import (
    HEIGHT,
    SCALE,
    WIDTH,
    Array,
    Colour,
    H,
    W,
    below,
    blend,
    disc,
    flower,
    fractal,
    glow,
    gradient,
    mountains,
    pines,
    reflect,
    ridge,
)
from PIL import Image, ImageFilter

THUMBNAIL_WIDTH = 400
MAX_BYTES = 150_000
"""A page of the gallery stays light: no photo may be larger than this."""


def lake_at_dawn() -> Array:
    """Pink morning, blue ridges, still water."""
    rng = np.random.default_rng(41)
    sky = gradient(
        [
            (0, (72, 98, 150)),
            (0.3, (170, 160, 190)),
            (0.46, (250, 196, 172)),
            (0.6, (255, 226, 190)),
            (1, (255, 226, 190)),
        ]
    )
    clouds = fractal(rng, (H, W // 3), 5, 6)
    clouds = np.asarray(Image.fromarray(clouds).resize((W, H), Image.Resampling.BICUBIC))
    rows = np.linspace(0, 1, H)[:, None]
    sky = blend(
        sky,
        (255, 205, 190),
        ((clouds - 0.5) * 4).clip(0, 1) * (0.75 * np.exp(-(((rows - 0.24) / 0.16) ** 2))),
    )
    sky = blend(sky, (255, 240, 205), glow(0.66, 0.50, 0.11) * 0.95)
    sky = mountains(
        sky,
        rng,
        [(0.46, 0.26, 4, (150, 150, 186)), (0.52, 0.20, 5, (104, 114, 160)), (0.565, 0.12, 7, (66, 82, 126))],
        (226, 190, 190),
    )
    shore = ridge(rng, 0.615, 0.03, 5)
    sky = pines(sky, rng, shore, 240, (0.02, 0.085), (30, 46, 74))
    sky = blend(sky, (30, 46, 74), below(shore))
    return reflect(sky, rng, 0.628, (40, 60, 104), 0.30)


def blue_ridges() -> Array:
    """Nine hills in the evening haze."""
    rng = np.random.default_rng(7)
    sky = gradient(
        [(0, (244, 176, 110)), (0.25, (252, 208, 150)), (0.42, (255, 232, 196)), (1, (255, 232, 196))]
    )
    sky = blend(sky, (255, 250, 228), glow(0.30, 0.20, 0.09) * 0.9)
    sky = blend(sky, (255, 252, 240), disc(0.30, 0.20, 0.036, 8))
    steps = 9
    layers: list[tuple[float, float, float, Colour]] = []
    near, far = np.array([16, 40, 58]), np.array([214, 184, 168])
    for number in range(steps):
        part = number / (steps - 1)
        red, green, blue = (far + (near - far) * part**0.85).astype(int)
        layers.append(
            (0.36 + 0.56 * part, 0.20 - 0.05 * part, 3 + number % 3, (int(red), int(green), int(blue)))
        )
    picture = mountains(sky, rng, layers, (236, 204, 176))
    front = ridge(rng, 0.97, 0.10, 4)
    return pines(picture, rng, front, 90, (0.07, 0.20), (8, 22, 34))


def dunes() -> Array:
    """Desert: light on one flank, shadow on the other."""
    rng = np.random.default_rng(23)
    picture = gradient(
        [(0, (52, 112, 168)), (0.3, (136, 184, 208)), (0.44, (232, 222, 196)), (1, (232, 222, 196))]
    )
    columns = np.arange(W)
    rows = np.arange(H, dtype=np.float32)[:, None]
    for number, base in enumerate((0.43, 0.50, 0.60, 0.73, 0.90)):
        wave = ridge(rng, base, 0.24 + 0.05 * number, 2 + (number % 2), octaves=2)
        line = np.asarray(
            Image.fromarray(wave[None, :].astype(np.float32)).filter(ImageFilter.BoxBlur(0))
        ).ravel()
        kernel = np.hanning(421)
        line = np.convolve(np.pad(line, 210, mode="edge"), kernel / kernel.sum(), mode="valid")
        slope = np.gradient(line)
        crest = np.cumsum(slope * 0.4)[None, :] + 60 * np.sin(columns / 260 + number)[None, :]
        depth = (rows - line[None, :]) / H
        lit = 1 / (1 + np.exp(-(slope[None, :] * 9 + 0.2 - depth * 2.5 + crest * 0.001)))
        warm = np.array([246, 190, 120]) - number * np.array([4, 10, 12])
        cold = np.array([150, 88, 66]) - number * np.array([10, 8, 6])
        ripples = np.sin(
            (rows * 0.55 + crest * 1.5 + 26 * fractal(rng, (H, W), 8, 3)) * (0.42 - 0.05 * number)
        )
        body = cold + (warm - cold) * lit[..., None] + (ripples * 5 * (0.3 + depth * 2))[..., None]
        picture = blend(picture, body.astype(np.float32), below(line, 2.5))
    return blend(picture, (255, 236, 206), glow(0.88, 0.34, 0.20) * 0.35)


def northern_lights() -> Array:
    """Green curtains, stars, a black fir wood."""
    rng = np.random.default_rng(12)
    picture = gradient([(0, (8, 12, 36)), (0.5, (14, 34, 66)), (0.78, (28, 66, 86)), (1, (20, 46, 62))])
    for _ in range(900):
        x, y = int(rng.integers(2, W - 3)), int(rng.integers(2, int(H * 0.75)))
        light = rng.random() ** 3 * 210 + 40
        size = 2 if light < 170 else 3
        picture[y : y + size, x : x + size] += light
    columns = np.linspace(0, 1, W)
    rows = np.linspace(0, 1, H)[:, None]
    for middle, sway, reach, colour, power in (
        (0.50, 0.16, 0.40, (60, 230, 150), 0.95),
        (0.42, 0.12, 0.34, (80, 240, 190), 0.75),
        (0.58, 0.10, 0.46, (150, 110, 230), 0.55),
    ):
        phase = rng.uniform(0, 6.28, 3)
        foot = middle + sway * np.sin(columns * 5 + phase[0]) + 0.05 * np.sin(columns * 13 + phase[1])
        rays = fractal(rng, (2, W), 60, 4)[0] * 0.65 + fractal(rng, (2, W), 7, 2)[0] * 0.9
        height = (foot[None, :] - rows) / reach
        curtain = np.where(height > 0, np.exp(-height * 2.6), np.exp(height * 26)) * (rays[None, :] ** 2.2)
        picture = blend(picture, colour, (curtain * power).clip(0, 0.92).astype(np.float32))
    picture = mountains(
        picture, rng, [(0.74, 0.14, 5, (18, 40, 60)), (0.79, 0.10, 6, (12, 28, 44))], (36, 92, 96)
    )
    shore = ridge(rng, 0.845, 0.025, 4)
    picture = pines(picture, rng, shore, 260, (0.04, 0.14), (5, 12, 20))
    picture = blend(picture, (5, 12, 20), below(shore))
    return reflect(picture, rng, 0.862, (6, 18, 30), 0.35)


def poppies() -> Array:
    """A meadow: blurred at the back, sharp in front."""
    rng = np.random.default_rng(5)
    picture = gradient(
        [(0, (186, 214, 226)), (0.22, (226, 232, 208)), (0.34, (140, 170, 96)), (1, (48, 92, 44))]
    )
    picture = blend(picture, (255, 244, 206), glow(0.75, 0.08, 0.22) * 0.6)
    picture = mountains(
        picture, rng, [(0.30, 0.07, 3, (130, 158, 128)), (0.345, 0.05, 4, (104, 140, 90))], (180, 196, 140)
    )
    grass = fractal(rng, (H // 8, W), 220, 3)
    tall = np.asarray(Image.fromarray(grass).resize((W, H), Image.Resampling.BICUBIC))
    rows = np.linspace(0, 1, H)[:, None]
    picture = blend(
        picture, (150, 190, 88), ((tall - 0.5) * 3).clip(0, 1) * ((rows - 0.36) * 3).clip(0, 0.75)
    )
    picture = blend(picture, (28, 62, 32), ((0.46 - tall) * 3).clip(0, 1) * ((rows - 0.36) * 3).clip(0, 0.7))
    red = ((232, 58, 40), (170, 20, 24), (30, 18, 22))
    violet = ((128, 120, 222), (84, 72, 178), (250, 220, 120))
    white = ((252, 250, 244), (240, 232, 214), (246, 196, 52))
    for stage, (count, size, softness) in enumerate(
        ((260, 12, 5.0), (130, 27, 3.0), (60, 58, 1.2), (16, 122, 0.0))
    ):
        floor = 0.37 + 0.14 * stage
        for _ in range(count):
            x, y = rng.uniform(0, W), rng.uniform(floor, min(1.0, floor + 0.24)) * H
            kind = red if rng.random() < 0.68 else (violet if rng.random() < 0.5 else white)
            petals = 4 if kind is red else int(rng.integers(8, 13))
            scale = size * rng.uniform(0.75, 1.25) * (1 if kind is red else 0.66)
            stem_end = min(H, int(y + scale * 4))
            lean = rng.uniform(-0.12, 0.12)
            for row in range(int(y), stem_end):
                middle = int(x + (row - y) * lean)
                half = max(1, int(scale * 0.05))
                picture[row, max(0, middle - half) : max(0, min(W, middle + half))] = (58, 104, 48)
            picture = flower(picture, (x, y), scale, petals, kind, rng.uniform(0, 6.28))
        if softness:
            blurred = Image.fromarray(picture.clip(0, 255).astype(np.uint8)).filter(
                ImageFilter.GaussianBlur(softness * SCALE)
            )
            picture = np.asarray(blurred).astype(np.float32)
    return picture


def city_at_night() -> Array:
    """Lit windows at the blue hour, doubled by the river."""
    rng = np.random.default_rng(31)
    picture = gradient(
        [
            (0, (16, 24, 66)),
            (0.35, (64, 62, 128)),
            (0.55, (206, 118, 122)),
            (0.66, (252, 176, 116)),
            (1, (252, 176, 116)),
        ]
    )
    clouds = np.asarray(
        Image.fromarray(fractal(rng, (H, W // 4), 4, 6)).resize((W, H), Image.Resampling.BICUBIC)
    )
    picture = blend(picture, (120, 74, 122), ((clouds - 0.5) * 3.2).clip(0, 0.55))
    picture = blend(picture, (255, 246, 224), disc(0.78, 0.17, 0.022, 5) * 0.95)
    picture = blend(picture, (255, 230, 200), glow(0.78, 0.17, 0.045) * 0.35)
    floor = int(0.70 * H)
    for shade, (low, high), (thin, wide), lit in (
        ((104, 76, 116), (0.08, 0.24), (50, 130), 0.10),
        ((58, 48, 92), (0.10, 0.36), (70, 170), 0.26),
        ((24, 24, 54), (0.05, 0.26), (90, 200), 0.40),
    ):
        x = -40
        while x < W:
            wide_by = int(rng.integers(thin, wide))
            top = floor - int(rng.uniform(low, high) * H)
            left, right = max(0, x), min(W, x + wide_by)
            if right > left:
                picture[top:floor, left:right] = shade
                if rng.random() < 0.3:
                    mast = (left + right) // 2
                    picture[top - int(0.05 * H) : top, mast : mast + 4] = shade
                for row in range(top + 14, floor - 14, 22):
                    for column in range(left + 10, right - 16, 18):
                        if rng.random() < lit:
                            warmth = rng.uniform(0.6, 1.0)
                            picture[row : row + 11, column : column + 9] = np.array([255, 206, 130]) * warmth
            x += wide_by + int(rng.integers(0, 14))
    light = Image.fromarray(picture.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(9 * SCALE))
    picture = np.maximum(picture, picture * 0.72 + np.asarray(light).astype(np.float32) * 0.40)
    return reflect(picture, rng, 0.70, (14, 18, 48), 0.38)


PHOTOS: dict[str, Callable[[], Array]] = {
    "lake-at-dawn": lake_at_dawn,
    "blue-ridges": blue_ridges,
    "dunes": dunes,
    "northern-lights": northern_lights,
    "poppies": poppies,
    "city-at-night": city_at_night,
}


def finish(picture: Array, seed: int) -> Image.Image:
    """Add a vignette and a little grain, and scale down to the final size."""
    rows, columns = np.mgrid[-1 : 1 : H * 1j, -1 : 1 : W * 1j]
    picture = picture * (1 - 0.13 * (rows**2 + columns**2).clip(0, 2) ** 1.3)[..., None]
    picture = picture + np.random.default_rng(seed).normal(0, 3.0, (H, W, 1))
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def save(image: Image.Image, path: Path) -> None:
    """Write a JPEG under `MAX_BYTES`, as good as that allows."""
    for quality in range(88, 40, -4):
        image.save(path, "JPEG", quality=quality, optimize=True, progressive=True)
        if path.stat().st_size < MAX_BYTES:
            return


def main() -> None:
    """Write every photo and its thumbnail beside this script."""
    folder = Path(__file__).parent
    for seed, (name, render) in enumerate(PHOTOS.items()):
        image = finish(render(), seed)
        save(image, folder / f"{name}.jpg")
        small = image.resize((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH * HEIGHT // WIDTH), Image.Resampling.LANCZOS)
        save(small, folder / f"{name}_thumb.jpg")


if __name__ == "__main__":
    main()
