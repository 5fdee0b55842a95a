"""What the checks say of a round while it is written: beside each field, and all that is missing. Nothing is kept.

They are the checks that run before a round opens; here they look at what stands in the form.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from bot.channels.web.manage import desk
from bot.channels.web.manage.doors import form_of
from bot.channels.web.manage.form import OWN
from bot.channels.web.pages import backstage_of, pages_of
from bot.rounds.foreseen import Unsaved
from bot.rounds.wording import meaning

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import Fault, Need, RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.manage.form import Error, Filled
    from bot.channels.web.words import Words
    from bot.config import Service
    from bot.rounds.foreseen import Foreseen
    from flows.model import Flow

FAULT, ADVICE = "fault", "advice"
"""What is said beside a field: it keeps the round from opening, or it could be better."""
DAYS = {"opens_at": "opens_on", "closes_at": "closes_on"}
"""Fields of the form by the facts of a round that they hold."""
PART = "manage/standing.html"


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that keeps the round from opening: which field of the form it is at (empty: none), and its name."""

    to: str
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How what stands in a form stands."""

    lacks: tuple[Lack, ...]
    said: Mapping[str, Sequence[tuple[str, str]]]
    """By field of the form, (kind, message)."""


async def of_new(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/new/check`: what the checks say of a form nobody has sent yet."""
    service, flow = await asyncio.to_thread(desk.wanted, request, visitor, await form_of(request))
    if service is None or flow is None:
        raise HTTPException(404)
    return await _answered(request, service, flow, None)


async def of_draft(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/edit/check`: the same of a draft that is being changed."""
    round_, service, flow = await desk.editable(request, visitor)
    return await _answered(request, service, flow, round_)


async def _answered(request: Request, service: Service, flow: Flow, round_: RoundView | None) -> Response:
    filled, _ = await desk.read_form(request, service, flow, round_)
    found = await asyncio.to_thread(standing, request, service, flow, filled, round_)
    part, words = pages_of(request).part, pages_of(request).words(request)
    return JSONResponse(
        {
            "fields": {name: part(PART, "told", said, words) for name, said in found.said.items()},
            "count": part(PART, "count", found, words).strip(),
            "lacks": part(PART, "lacks", found, words),
        }
    )


def standing(
    request: Request, service: Service, flow: Flow, filled: Filled, round_: RoundView | None = None
) -> Standing:
    """Return how a form stands: what it says by itself, and what the round would lack if it were kept."""
    words, rounds = pages_of(request).words(request), backstage_of(request).rounds
    needs = {need.name: need for need in desk.needs_of(request, service, flow)}
    written = Unsaved(
        code=round_.code if round_ else "",
        service=service.key,
        flow=flow.id,
        title=filled.title,
        record=desk.whole(round_, filled, needs),
        audience=filled.audience,
        opens_at=filled.opens_at,
        closes_at=filled.closes_at,
    )
    found = rounds.foresee(written, words.language)
    places = _Places(needs, desk.languages_of(request, flow), words)
    return Standing(tuple(_lacks(filled.errors, found, places)), _beside(filled.errors, found, places))


def lacks(request: Request, service: Service, flow: Flow, faults: Iterable[Fault]) -> list[Lack]:
    """Return why a round that is kept cannot open yet, each with the field of the form it is at."""
    needs = {need.name: need for need in desk.needs_of(request, service, flow)}
    places = _Places(needs, desk.languages_of(request, flow), pages_of(request).words(request))
    return _named(faults, places)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where on the form each field of a round is, and what it is called there."""

    needs: Mapping[str, Need]
    languages: Sequence[str]
    words: Words

    def of(self, field: str, language: str = "") -> str:
        """Return the id of a field on the form; empty where it has none."""
        need = self.needs.get(field)
        if need is None:
            own = DAYS.get(field, field)
            return own if own in OWN else ""
        first = self.languages[0]
        return f"{field}.{language or first}" if need.kind in {"text", "list"} else field

    def label(self, field: str) -> str:
        """Return what the form calls a field."""
        keys = (f"need.{field}", f"form.{DAYS.get(field, field)}")
        said = next((self.words(key) for key in keys if self.words.has(key)), "") or meaning(self.words.language, field)
        return said[:1].upper() + said[1:]


def _lacks(errors: Sequence[Error], found: Foreseen, places: _Places) -> list[Lack]:
    """Return everything that is missing, once a field: what the form says of it by itself comes first."""
    own = [Lack(places.of(error.name), places.label(error.name), error.message) for error in errors]
    named = {lack.to for lack in own}
    return [*own, *(lack for lack in _named(found.faults, places) if not lack.to or lack.to not in named)]


def _named(faults: Iterable[Fault], places: _Places) -> list[Lack]:
    return [
        Lack(to, places.label(fault.field), fault.short) if to else Lack("", "", fault.message)
        for fault in faults
        for to in (places.of(fault.field),)
    ]


def _beside(errors: Sequence[Error], found: Foreseen, places: _Places) -> dict[str, list[tuple[str, str]]]:
    """Return what is said beside each field: one fault at most, then advice."""
    faults = [(error.name, error.message) for error in errors] + [(each.field, each.short) for each in found.faults]
    said: dict[str, list[tuple[str, str]]] = {}
    for field, message in faults:
        said.setdefault(places.of(field), [(FAULT, message)])
    for each in found.advice:
        said.setdefault(places.of(each.field, each.language), []).append((ADVICE, each.message))
    return {to: messages for to, messages in said.items() if to}
