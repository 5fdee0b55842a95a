"""When a manager's digest comes, how often, where to, in which language: their own choices in place of the city's."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from bot.channels.web.manage.doors import form_of
from bot.channels.web.manage.form import Error
from bot.channels.web.pages import backstage_of, pages_of
from bot.digests.schedule import BY, DAYS, EVERY
from bot.texts import languages, locale
from storage import people

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from bot.channels.web.manage.doors import Visitor

FIELDS = {
    "day": "digest_day",
    "time": "digest_time",
    "zone": "zone",
    "every": "digest_every",
    "by": "digest_by",
    "language": "digest_language",
}
"""Fields of the form, and what they are called where they are kept."""
OWN = ""
"""Each address gets it in its own language."""
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


def shown(request: Request, visitor: Visitor) -> dict[str, str]:
    """Return what stands in the form: the person's choices, else the city's."""
    config = backstage_of(request).config
    person = visitor.person
    return {
        "day": person.digest_day or DAYS[config.digest.weekday],
        "time": person.digest_time or f"{config.digest.time:%H:%M}",
        "zone": person.zone or config.city.time_zone,
        "every": person.digest_every or EVERY[0],
        "by": person.digest_by or BY[0],
        "language": person.digest_language or OWN,
    }


def days(request: Request) -> list[tuple[str, str]]:
    """Return (id, name) of the days of the week in the reader's language."""
    words = pages_of(request).words(request)
    return [(day, words.weekday(number)) for number, day in enumerate(DAYS)]


def choices(request: Request) -> dict[str, list[tuple[str, str]]]:
    """Return what can be chosen beside day, hour and zone: (id, name) in the reader's language."""
    words = pages_of(request).words(request)
    tongues = [(OWN, words("figures.own_language")), *((each, native(each)) for each in languages())]
    often = [(each, words(f"figures.every_{each}")) for each in EVERY]
    return {"every": often, "by": [(each, words(f"figures.by_{each}")) for each in BY], "language": tongues}


def native(language: str) -> str:
    """Return what a language calls itself."""
    return str(locale(language).languages.get(language, language))


async def keep(request: Request, visitor: Visitor) -> tuple[dict[str, str], list[Error]]:
    """Keep what was chosen; return what was typed and every fault of it, nothing being kept where there is one."""
    form = await form_of(request)
    typed = {name: str(form.get(name, kept)).strip() for name, kept in shown(request, visitor).items()}
    words = pages_of(request).words(request)
    right = {
        "day": typed["day"] in DAYS,
        "time": _CLOCK.fullmatch(typed["time"]) is not None,
        "zone": typed["zone"] in available_timezones(),
        "every": typed["every"] in EVERY,
        "by": typed["by"] in BY,
        "language": typed["language"] in (OWN, *languages()),
    }
    errors = [Error(name, words(f"figures.bad_{name}")) for name, well in right.items() if not well]
    if not errors:
        await asyncio.to_thread(_kept, request, visitor, {FIELDS[name]: value or None for name, value in typed.items()})
    return typed, errors


def _kept(request: Request, visitor: Visitor, values: Mapping[str, str | None]) -> None:
    with backstage_of(request).database.transaction() as db:
        people.change(db, visitor.person.id, **values)
