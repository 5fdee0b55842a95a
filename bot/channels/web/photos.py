"""Pictures from citizens: known by their content, freed of hidden facts, kept under names of chance.

Pillow is loaded with the first picture: a start does without.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 10 * 1024 * 1024
"""Bytes of a picture file."""
PIXELS = 50_000_000
"""More is no photo but an attack on our memory."""
SIDE = 2048
"""Pixels of the longer side we keep."""
FORMATS = ("JPEG", "PNG", "WEBP")


class NoPicture(Exception):
    """The file is no picture we read, or too large."""


def keep(body: bytes, folder: Path, name: str) -> str:
    """Write the picture in `body` into `folder` as a fresh JPEG without metadata; return the file's name.

    Raises `NoPicture` where `body` is no JPEG, PNG or WebP of at most `LARGEST` bytes and `PIXELS` pixels.
    """
    fresh = bare(body)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.jpg"
    file.write_bytes(fresh)
    return file.name


def bare(body: bytes) -> bytes:
    """Return the picture in `body` as a fresh JPEG without metadata. Raises `NoPicture` as `keep` does."""
    if not body or len(body) > LARGEST:
        raise NoPicture
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - as the module says

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _redrawn(body)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise NoPicture from error


def _redrawn(body: bytes) -> bytes:
    from PIL import Image, ImageOps  # noqa: PLC0415 - as the module says

    with Image.open(io.BytesIO(body), formats=FORMATS) as image:
        if image.width * image.height > PIXELS:
            raise NoPicture
        upright = ImageOps.exif_transpose(image).convert("RGBA")
    upright.thumbnail((SIDE, SIDE))
    bare = Image.new("RGB", upright.size, "white")
    bare.paste(upright, mask=upright.getchannel("A"))
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=85, optimize=True)
    return out.getvalue()
