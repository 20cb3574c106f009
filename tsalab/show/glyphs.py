"""Small shapes of our own: one for each kind of part, one for each state."""

from __future__ import annotations

from tsalab.architecture import State

# In a square of 20; drawn as lines.
_BUCKET = '<path d="M3 4h14l-2 13H5zM3.6 8h12.8"/>'
_PIPELINE = '<path d="M2 5h5v10H2zM13 5h5v10h-5zM7 10h6M10.6 7.6L13 10l-2.4 2.4"/>'
_STACK = '<path d="M10 2l8 4-8 4-8-4zM2 10l8 4 8-4M2 14l8 4 8-4"/>'
_SERVER = '<path d="M3 3h14v6H3zM3 11h14v6H3zM6 6h.1M6 14h.1M10 6h4M10 14h4"/>'
_DATABASE = (
    '<path d="M3 5c0-1.6 3-3 7-3s7 1.4 7 3-3 3-7 3-7-1.4-7-3zM3 5v10c0 1.6 3 3 7 3s7-1.4 7-3V5'
    'M3 10c0 1.6 3 3 7 3s7-1.4 7-3"/>'
)
_KEY = '<path d="M9.5 10.5a4 4 0 1 1-3-3l8-5.5M12 4.5l3 3.5M9.2 6.5l2.3 2.7"/>'
_BRANCH = (
    '<path d="M5 6v8M5 12c6 0 9-1 9-5"/><circle cx="5" cy="4" r="2"/><circle cx="5" cy="16" r="2"/>'
    '<circle cx="14" cy="5" r="2"/>'
)
_PAGE = '<path d="M4 2h8l4 4v12H4zM12 2v4h4M7 10h6M7 14h6"/>'
_GLOBE = '<circle cx="10" cy="10" r="8"/><path d="M2 10h16M10 2c5 5 5 11 0 16M10 2c-5 5-5 11 0 16"/>'

GLYPHS = {
    "data-bucket": _BUCKET,
    "bootstrap-pipeline": _PIPELINE,
    "stack": _STACK,
    "web-server": _SERVER,
    "cluster": _DATABASE,
    "secret": _KEY,
    "api-repository": _BRANCH,
    "spa-repository": _BRANCH,
    "spa-pipeline": _PIPELINE,
    "spa": _PAGE,
    "distribution": _GLOBE,
}
VISITOR = '<circle r="9"/><path d="M-18 28c0-10 8-16 18-16s18 6 18 16z"/>'

# Around the middle, 16 wide. Each has a shape of its own, for who sees no colours.
MARKS = {
    State.ABSENT: (
        '<circle r="7" fill="none" stroke="currentColor" stroke-width="1.8" stroke-dasharray="2.6 2"/>'
    ),
    State.CREATING: (
        '<path class="ta-turn" d="M0 -6.5a6.5 6.5 0 1 1 -6.5 6.5" fill="none" '
        'stroke="currentColor" stroke-width="2.4" stroke-linecap="round"/>'
        '<circle r="1.8" fill="currentColor"/>'
    ),
    State.AVAILABLE: '<circle r="8" fill="currentColor"/><path class="ta-mark" d="M-3.8 .2l2.8 2.8 5 -5.6"/>',
    State.PAUSED: (
        '<rect x="-8" y="-8" width="16" height="16" rx="4" fill="currentColor"/>'
        '<path class="ta-mark" d="M-2.5 -3.5v7M2.5 -3.5v7"/>'
    ),
    State.FAILED: (
        '<path d="M0 -9.5L9.5 0 0 9.5 -9.5 0z" fill="currentColor"/>'
        '<path class="ta-mark" d="M-2.6 -2.6l5.2 5.2M2.6 -2.6l-5.2 5.2"/>'
    ),
    State.UNKNOWN: (
        '<circle r="7.2" fill="none" stroke="currentColor" stroke-width="1.8"/>'
        '<path d="M-2.2 -1.6a2.3 2.3 0 1 1 3.3 2c-.8 .4 -1.1 .8 -1.1 1.5M0 4.3v.1" fill="none" '
        'stroke="currentColor" stroke-width="1.7" stroke-linecap="round"/>'
    ),
}
