"""The sign of each verb: a drawing of 20 by 20 pixels, as the path of an SVG."""

from __future__ import annotations

SIGNS = {
    "say": "M3 4h14v9H9l-4 4v-4H3z",
    "choose": "M10 3a7 7 0 1 0 .01 0zM10 7.5a2.5 2.5 0 1 0 .01 0z",
    "pick": "M3 3h14v14H3zM6 10l3 3 5-6",
    "rate": "M3 17v-4h3v4zM8.5 17V9h3v8zM14 17V4h3v13z",
    "ask": "M3 17l1-4L14 3l3 3L7 16zM12 5l3 3",
    "number": "M8 3L6 17M14 3l-2 14M4 7.5h13M3 12.5h13",
    "date": "M3 5h14v12H3zM3 9h14M7 3v3M13 3v3",
    "place": "M10 18c-4-5-6-7-6-10a6 6 0 0 1 12 0c0 3-2 5-6 10zM10 6a2 2 0 1 0 .01 0z",
    "photo": "M3 6h4l1-2h4l1 2h4v11H3zM10 8.5a3 3 0 1 0 .01 0z",
    "voice": "M10 3a2.5 2.5 0 0 1 2.5 2.5v4a2.5 2.5 0 0 1-5 0v-4A2.5 2.5 0 0 1 10 3zM5 9a5 5 0 0 0 10 0M10 14v4",
    "rank": "M3 4h14M3 10h9M3 16h5",
    "allocate": "M10 3a7 7 0 1 0 .01 0zM10 10V3M10 10l6 4M10 10l-7 1",
    "bestworst": "M6 17V4M3 7l3-3 3 3M14 3v13M11 13l3 3 3-3",
    "review": "M4 3h12v14H4zM7 7h6M7 10h6M7 13h4",
    "end": "M5 18V3M5 4h11l-3 3.5 3 3.5H5",
}
"""By the verb of a state."""
OTHER = "M7.5 7.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7M10 14.5v.5"
"""A question mark, for verbs without a sign of their own."""
