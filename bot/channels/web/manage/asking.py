"""Whom a round asks and when, in the browser: who of those who agreed, over which hours, and a list of the city's."""

from __future__ import annotations

import asyncio
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile

from bot.channels.web.manage import desk
from bot.channels.web.manage.doors import MovedOn, form_of, page
from bot.channels.web.manage.form import Error
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.errors import Refused
from bot.rights import Right
from bot.rounds.addresses import SHOWN, TAKING
from bot.rounds.lifecycle import AGREED, BEGINNING, LINK, LISTED
from bot.rounds.wording import Forbidden, spoken
from bot.texts import own_name
from bot.themes.starter import called
from flows.model import Stage
from flows.words import whole
from storage import themes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.words import Words
    from bot.rounds.addresses import Reading

MANY = ("services", "areas", "languages", "stages")
"""Criteria to tick."""
AT_FAULT = {
    "bad_sample": "sample",
    "bad_spread": "spread_hours",
    "bad_reminder": "remind_at",
    "empty_theme": "themes",
    "no_reason": "because",
}
"""The field that a rule is about; any other is about the audience."""
COUNTED = ("new", "good", "twice", "bad")
"""What is told of a list that was taken in."""
_COMMAS = re.compile("[,،;\n]")


@dataclass(frozen=True, slots=True)
class Typed:
    """The fields of the form, as they are shown."""

    audience: str
    ticked: Mapping[str, Sequence[str]]
    themes: str
    sample: str
    spread_hours: str
    remind_at: str
    because: str = ""
    """Why one that is signed is changed."""

    @property
    def chooses(self) -> bool:
        """Whether people are chosen among those who agreed."""
        return bool(self.themes or self.sample or any(self.ticked.values()))


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/audience`: whom a round asks and when, and how many that are now."""
    round_ = await _beginning(request, visitor)
    return await _shown(request, visitor, round_, _kept(round_, pages_of(request).zone))


async def _beginning(request: Request, visitor: Visitor) -> RoundView:
    """Return the round in the address, as long as nobody was asked."""
    round_ = await desk.seen(request, visitor, Right.LEAD_ROUNDS)
    if round_.state not in BEGINNING:
        raise MovedOn(round_)
    return round_


async def _shown(
    request: Request,
    visitor: Visitor,
    round_: RoundView,
    typed: Typed,
    *,
    errors: Sequence[Error] = (),
    ground: str = "",
    bad_rows: Sequence[str] = (),
) -> Response:
    rounds, query = backstage_of(request).rounds, request.query_params
    taken = {name: n for name in COUNTED if (n := whole(query.get(name, ""))) is not None}
    return page(
        request,
        visitor,
        "manage/audience.html",
        status=422 if errors else 200,
        round=round_,
        typed=typed,
        audiences=(LINK, AGREED, LISTED) if round_.whom.lists else (LINK, AGREED),
        offered=_offered(request, visitor, round_),
        themes=await asyncio.to_thread(_themes, request, visitor),
        audience=await asyncio.to_thread(rounds.audience, round_.code),
        long_ago=await asyncio.to_thread(rounds.long_ago, round_.code),
        days=backstage_of(request).config.privacy.close_days,
        unscheduled=await asyncio.to_thread(rounds.unscheduled, round_.code),
        ground=ground,
        bad_rows=bad_rows,
        taken=taken if len(taken) == len(COUNTED) else {},
        odd=_odd_of(request),
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        done=query.get("done", ""),
    )


def _odd_of(request: Request) -> str:
    """Return what the address says of rows whose language or zone is unknown; empty: there are none."""
    query = request.query_params
    unknown, rows = whole(query.get("unknown", "")), [whole(row) for row in query.getlist("odd")[:SHOWN]]
    return _odd(pages_of(request).words(request), unknown, filter(None, rows)) if unknown else ""


def _offered(request: Request, visitor: Visitor, round_: RoundView) -> dict[str, list[tuple[str, str]]]:
    """Return what can be ticked: (id, label) by criterion; of services those whose answers the visitor may read."""
    config, words = backstage_of(request).config, pages_of(request).words(request)
    own = {*visitor.services((one.key for one in config.services), Right.READ_ANSWERS), *round_.whom.services}
    areas = {id_: label for service in config.services for id_, label in service.areas}
    return {
        "services": [(one.key, one.label(words.language)) for one in config.services if one.key in own],
        "areas": [(id_, label if isinstance(label, str) else _in(label, words)) for id_, label in areas.items()],
        "languages": [(one, own_name(one)) for one in config.city.languages],
        "stages": [(stage.value, words(f"stage.{stage.value}")) for stage in Stage],
    }


def _themes(request: Request, visitor: Visitor) -> list[str]:
    """Return the names of the themes in use of the services whose answers the visitor may read."""
    back, language = backstage_of(request), pages_of(request).words(request).language
    own = visitor.services((one.key for one in back.config.services), Right.READ_ANSWERS)
    with back.database.reading() as db:
        return sorted({called(each, language) for key in own for each in themes.codebook(db, key, [themes.CONFIRMED])})


def _in(label: Mapping[str, str], words: Words) -> str:
    return label.get(words.language) or next(iter(label.values()))


def _kept(round_: RoundView, zone: ZoneInfo) -> Typed:
    whom = round_.whom
    return Typed(
        round_.audience,
        {name: getattr(whom, name) for name in MANY},
        ", ".join(whom.themes),
        str(whom.sample or ""),
        str(round_.spread_hours or ""),
        round_.remind_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if round_.remind_at else "",
    )


def _typed(form: FormData) -> Typed:
    names = ("audience", "themes", "sample", "spread_hours", "remind_at", "because")
    said = {name: str(form.get(name, "")).strip() for name in names}
    ticked = {name: [str(one) for one in form.getlist(name)] for name in MANY}
    return Typed(**said, ticked=ticked)


async def change(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/audience`: keep whom it asks and when; an empty field clears what was said."""
    round_ = await _beginning(request, visitor)
    typed, words = _typed(await form_of(request)), pages_of(request).words(request)
    remind_at, errors = _moment(typed.remind_at, pages_of(request).zone), _faults(typed, words)
    if errors:
        return await _shown(request, visitor, round_, typed, errors=errors)
    facts: dict[str, Any] = {
        "audience": typed.audience,
        "whom": _whom(typed, round_),
        "spread_hours": int(typed.spread_hours) if typed.spread_hours else None,
        "remind_at": remind_at,
        "why": typed.because,
    }
    try:
        await asyncio.to_thread(backstage_of(request).rounds.change, round_.code, who=visitor.person.id, **facts)
    except Refused as error:
        said = [Error(_field(error), spoken(error, words.language))]
        return await _shown(request, visitor, round_, typed, errors=said)
    return to(f"/manage/rounds/{round_.code}/audience?done=asking")


def _field(error: Refused) -> str:
    return AT_FAULT.get(error.key, "audience") if isinstance(error, Forbidden) else "audience"


def _faults(typed: Typed, words: Words) -> list[Error]:
    numbers = {"sample": typed.sample, "spread_hours": typed.spread_hours}
    found = [Error(name, words("turnout.bad_number")) for name, text in numbers.items() if text and not _whole(text)]
    if typed.remind_at and _moment(typed.remind_at, None) is None:
        found.append(Error("remind_at", words("asking.bad_moment")))
    if typed.chooses and typed.audience != AGREED:
        found.append(Error("audience", words("asking.only_agreed")))
    return found


def _whole(text: str) -> bool:
    return text.isdecimal() and len(text) < 9


def _moment(text: str, zone: ZoneInfo | None) -> datetime | None:
    """Return what a field of day and hour says, by the city's clock; None: nothing, or no moment."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError:
        return None


def _whom(typed: Typed, round_: RoundView) -> dict[str, Any]:
    """Return who is meant; the same sample stays the same people."""
    sample = int(typed.sample) if typed.sample else None
    seed = round_.whom.seed if sample == round_.whom.sample else ""
    themes = [word.strip() for word in _COMMAS.split(typed.themes) if word.strip()]
    return {**{name: list(typed.ticked[name]) for name in MANY}, "themes": themes, "sample": sample, "seed": seed}


# --------------------------------------------------------------------------- a list that the city holds


async def receive(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/list`: take in a CSV of mail addresses, or show its bad rows."""
    round_ = await _beginning(request, visitor)
    form, words = await form_of(request, 1), pages_of(request).words(request)
    upload, ground = form.get("file"), str(form.get("ground", ""))
    typed = _kept(round_, pages_of(request).zone)
    if not isinstance(upload, UploadFile) or not upload.filename:
        missing = [Error("file", words("asking.no_file"))]
        return await _shown(request, visitor, round_, typed, errors=missing, ground=ground)
    leave_out = bool(form.get("leave_out"))
    try:
        seen, new = await asyncio.to_thread(_take, request, visitor, round_, upload, ground, leave_out)
    except Refused as error:
        name = "ground" if isinstance(error, Forbidden) and error.key == "no_ground" else "file"
        said = [Error(name, spoken(error, words.language))]
        return await _shown(request, visitor, round_, typed, errors=said, ground=ground)
    if seen.bad and not leave_out:
        rows = [words("asking.row", row=words.number(row), fault=words(f"asking.{kind}")) for row, kind in seen.faults]
        rows += [_odd(words, seen.unknown, [row for row, _ in seen.odd])] if seen.unknown else []
        refused = [Error("file", words("asking.refused", n=words.number(seen.bad)))]
        return await _shown(request, visitor, round_, typed, errors=refused, ground=ground, bad_rows=rows)
    told = f"new={new}&good={seen.good}&twice={seen.twice}&bad={seen.bad}"
    told += "".join(f"&odd={row}" for row, _ in seen.odd) + (f"&unknown={seen.unknown}" if seen.unknown else "")
    return to(f"/manage/rounds/{round_.code}/audience?done=listed&{told}#list")


async def take_away(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/list/away`: take all lists out of the audience again."""
    round_ = await _beginning(request, visitor)
    why = str((await form_of(request)).get("because", "")).strip()
    rounds, words = backstage_of(request).rounds, pages_of(request).words(request)
    try:
        await asyncio.to_thread(rounds.take_away, round_.code, why, visitor.person.id)
    except Refused as error:
        name = "list-because" if isinstance(error, Forbidden) and error.key == "no_reason" else "file"
        said = [Error(name, spoken(error, words.language))]
        return await _shown(request, visitor, round_, _kept(round_, pages_of(request).zone), errors=said)
    return to(f"/manage/rounds/{round_.code}/audience?done=asking")


def _odd(words: Words, unknown: int, rows: Iterable[int]) -> str:
    """Return how many rows name a language or a zone that nobody knows, and the first of them."""
    named = ", ".join(words.number(row) for row in dict.fromkeys(rows))
    return words("asking.odd", n=words.number(unknown), rows=named)


def _take(
    request: Request,
    visitor: Visitor,
    round_: RoundView,
    upload: UploadFile,
    ground: str,
    leave_out: bool,  # noqa: FBT001 - handed on by a thread
) -> tuple[Reading, int]:
    """Take in a file that came with a form; it lies in a folder of its own until then, and nowhere afterwards."""
    home = backstage_of(request).uploads
    home.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=TAKING, dir=home) as folder:
        path = Path(folder) / (Path(upload.filename or "").name or "list.csv")
        with path.open("wb") as file:
            shutil.copyfileobj(upload.file, file)
        act = backstage_of(request).rounds.receive
        return act(round_.code, path, ground, leave_out=leave_out, who=visitor.person.id)
