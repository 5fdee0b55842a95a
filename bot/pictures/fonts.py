"""Our fonts: DejaVu Sans (free licence; it comes with matplotlib) has Latin, Greek, Cyrillic, Hebrew and Arabic."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

_OURS = Path(getattr(find_spec("matplotlib"), "origin", None) or "").parent / "mpl-data" / "fonts" / "ttf"
REGULAR, BOLD = _OURS / "DejaVuSans.ttf", _OURS / "DejaVuSans-Bold.ttf"
FRAMES = _OURS / "LastResortHE-Regular.ttf"
"""Has a frame for every letter, with the name of its script in small print."""
