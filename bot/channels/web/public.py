"""Pages for everyone: the front page and the page of each round."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from bot.channels.web.pages import backstage_of, pages_of, to
from bot.rounds.lifecycle import ANSWERED, OVER, State
from bot.rounds.links import qr_svg
from bot.rounds.record import day_of, in_language, public_url, title

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.pages import Pages

PUBLIC = frozenset({"scheduled", "open", "paused", "cancelled", *OVER})
"""States in which a round has a public page; a draft is nobody's business yet."""

TOLD = ("fixed_why", "pack", "pack_options", "pack_costs", "pack_effects", "other_ways", "contact_person")
"""What of the record of a consultation everybody may read."""
PUBLISHED = frozenset({State.REPORTED_BACK, State.ARCHIVED})
"""States in which everybody may read what was decided."""


@dataclass(frozen=True, slots=True)
class Card:
    """A round on a list."""

    code: str
    title: str
    service_name: str
    closes: str


async def front(request: Request) -> Response:
    """`GET /`: what is open in this city."""
    pages = pages_of(request)
    rounds = await asyncio.to_thread(backstage_of(request).rounds.listed, None, ("open",))
    return pages.page(request, "front.html", rounds=[_card(pages, request, round_) for round_ in rounds])


def _card(pages: Pages, request: Request, round_: RoundView) -> Card:
    closes = pages.words(request).day(round_.closes_at, pages.zone) if round_.closes_at else ""
    return Card(round_.code, title_of(round_, pages.language(request)), service_name(pages, request, round_), closes)


async def privacy(request: Request) -> Response:
    """`GET /privacy`: what is kept, how long, what people may ask for; or the city's own notice."""
    pages, config = pages_of(request), backstage_of(request).config.privacy
    if config.url and config.url != f"{public_url(backstage_of(request).config)}/privacy":
        return RedirectResponse(config.url, 303)
    return pages.page(request, "privacy.html", law=in_language(config.law, pages.language(request)), privacy=config)


async def about(request: Request) -> Response:
    """`GET /rounds/<code>`: what a round is for, how to take part, and afterwards what came of it."""
    round_ = await _public(request)
    pages, language = pages_of(request), pages_of(request).language(request)
    rounds = backstage_of(request).rounds
    minutes = await asyncio.to_thread(_minutes, request, round_)
    return pages.page(
        request,
        "round.html",
        round=round_,
        title=title_of(round_, language),
        service=service_name(pages, request, round_),
        facts=await asyncio.to_thread(rounds.facts, round_.code, language),
        opens=pages.words(request).day(round_.opens_at, pages.zone) if round_.opens_at else "",
        closes=pages.words(request).day(round_.closes_at, pages.zone) if round_.closes_at else "",
        minutes=minutes,
        telegram=rounds.deep_link(round_.code),
        report=in_language(round_.report, language),
        answered=round_.state in ANSWERED,
        late=_late(request, round_),
        legal=_legal(request, round_, language),
    )


def _late(request: Request, round_: RoundView) -> bool:
    """Whether the day for which the result was promised is over."""
    today = backstage_of(request).clock().astimezone(pages_of(request).zone).date()
    promised = day_of(round_.record.get("feedback_on"))
    return promised is not None and promised < today


def _legal(request: Request, round_: RoundView, language: str) -> list[tuple[str, str]]:
    """Return what the record says that everybody may read, with its heads; once it is published, the decision too."""
    words = pages_of(request).words(request)
    said = [(words(f"round.{name}"), in_language(round_.record.get(name), language)) for name in TOLD]
    made = round_.outcome.decision if round_.state in PUBLISHED else None
    if made is None:
        return said
    return [
        *said,
        (words("round.decision"), f"{made.text}\n{made.reasons}"),
        (words("round.not_chosen"), made.not_chosen),
    ]


async def typed(request: Request) -> Response:
    """`GET /<code>`: what people type from a poster; on to the chat of the round or place."""
    code = request.path_params["code"]
    found, _ = await asyncio.to_thread(backstage_of(request).rounds.leads_to, code)
    if found is None or found.state == "draft":
        raise HTTPException(404)
    return to(f"/chat/{code}")


async def qr(request: Request) -> Response:
    """`GET /rounds/<code>/qr.svg`: the address of the chat for a phone's camera, in black on white."""
    round_ = await _public(request)
    svg = qr_svg(backstage_of(request).rounds.chat_url(round_.code))
    return Response(svg, media_type="image/svg+xml", headers={"cache-control": "public, max-age=3600"})


async def _public(request: Request) -> RoundView:
    round_ = await asyncio.to_thread(backstage_of(request).rounds.find, request.path_params["code"])
    if round_ is None or round_.state not in PUBLIC:
        raise HTTPException(404)
    return round_


def _minutes(request: Request, round_: RoundView) -> int:
    return max(1, round(backstage_of(request).rounds.played(round_.code).minutes))


# --------------------------------------------------------------------------- facts in a language


def title_of(round_: RoundView, language: str) -> str:
    """Return the round's title in `language` where the record has it, else as the organiser wrote it."""
    return title(round_.record, round_.title, language)


def service_name(pages: Pages, request: Request, round_: RoundView) -> str:
    """Return what people call the service of a round."""
    for service in pages.backstage.config.services:
        if service.key == round_.service:
            return service.label(pages.language(request))
    return round_.service
