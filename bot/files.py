"""Photos and voice messages as staff look at them: fetched when opened, freed of all but what is seen or heard.

What they are is told by their content, whatever the channel said of them. Nothing that was fetched is kept.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bot.channels.web import photos, voices
from bot.errors import Missing

if TYPE_CHECKING:
    from collections.abc import Mapping

PHOTO, VOICE = "photo", "voice"
"""Kinds of what can be looked at; as verbs of a flow and in threads."""
_TYPES = {"ogg": "audio/ogg", "webm": "audio/webm", "m4a": "audio/mp4", "wav": "audio/wav", "mp3": "audio/mpeg"}


class Source(Protocol):
    """A channel that can bring what was sent over it."""

    async def fetch(self, file: str) -> bytes:
        """Return what lies under the channel's reference. Raises `Missing` or another `Trouble`."""


class Shown(NamedTuple):
    """Something to look at or to listen to."""

    body: bytes
    media_type: str


class Files:
    """What citizens sent over the channels by which something can be fetched again."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = sources

    async def look(self, channel: str, kind: str, file: str) -> Shown:
        """Return a photo as a fresh JPEG, a voice message without its tags.

        Raises `Missing` where there is none under this reference (any more), `Trouble` where the channel is silent.
        """
        source = self.sources.get(channel)
        if source is None:
            raise Missing(f"{channel} brings no files")
        return await asyncio.to_thread(bare, kind, await source.fetch(file))


def bare(kind: str, body: bytes) -> Shown:
    """Return what was sent without anything beside what is seen or heard. Raises `Missing` where it is none."""
    try:
        if kind == PHOTO:
            return Shown(photos.bare(body), "image/jpeg")
        fresh, ending = voices.bare(body)
    except (photos.NoPicture, voices.NoVoice) as error:
        raise Missing(f"it is no {kind}") from error
    return Shown(fresh, _TYPES[ending])
