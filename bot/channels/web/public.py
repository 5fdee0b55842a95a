"""Pages for everyone: the front page, the list of rounds, and the page of each round."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from bot.channels.web.pages import backstage_of, pages_of, set_cookie, to
from bot.channels.web.round_page import RoundPage, as_seen, is_public, is_put_off, service_name, title_of
from bot.rounds import mailed, papers
from bot.rounds.lifecycle import ANSWERED, State, closed_on
from bot.rounds.links import qr_svg
from bot.rounds.record import public_url
from bot.rounds.tongues import in_language

if TYPE_CHECKING:
    from starlette.requests import Request

    from bot.channels.web.backstage import Rounds, RoundView
    from bot.channels.web.pages import Pages


MAILED = "civicloop_mailed"
"""The cookie that holds what the link of a mail has brought."""
LINGERS = timedelta(days=7)
"""Whoever looks at a round today may begin it in some days."""
MOST = 20
"""Rounds on a page of the list."""
GROUPS = {
    "open": (State.OPEN,),
    "paused": (State.PAUSED,),
    "soon": (State.SCHEDULED,),
    "reading": ANSWERED,
    "result": (State.REPORTED_BACK, State.ARCHIVED),
    "cancelled": (State.CANCELLED,),
}
"""The heads of the list, in order, and the states of the rounds under each."""


@dataclass(frozen=True, slots=True)
class Card:
    """A round on a list."""

    code: str
    title: str
    service_name: str
    closes: str
    """Its last day, in words; empty where it does not close by itself."""
    opens: str = ""
    state: str = ""


async def front(request: Request) -> Response:
    """`GET /`: what is open in this city."""
    pages = pages_of(request)
    rounds = await asyncio.to_thread(_open, backstage_of(request).rounds)
    return pages.page(request, "front.html", rounds=[_card(pages, request, round_) for round_ in rounds])


def _open(rounds: Rounds) -> list[RoundView]:
    return [each for each in rounds.listed(None, ("open",)) if rounds.asks(each.code)]


def _card(pages: Pages, request: Request, round_: RoundView) -> Card:
    language, words = pages.language(request), pages.words(request)
    last = closed_on(round_.closes_at, round_.closed_at, pages.zone)
    return Card(
        round_.code,
        title_of(round_, language),
        service_name(pages.backstage.config, round_, language),
        words.day_of(last) if last else "",
        words.day(round_.opens_at, pages.zone) if round_.opens_at else "",
        round_.state,
    )


async def every(request: Request) -> Response:
    """`GET /rounds`: what is open, what comes, and what became of the rest; the newest first under each head."""
    pages = pages_of(request)
    found = await asyncio.to_thread(_everything, backstage_of(request).rounds)
    last = max(1, -(-len(found) // MOST))
    wanted = request.query_params.get("page", "1")
    number = int(wanted) if re.fullmatch("[0-9]{1,6}", wanted) else 1
    at = min(max(number, 1), last)
    shown = found[(at - 1) * MOST : at * MOST]
    heads = [
        (head, [_card(pages, request, each) for each in shown if each.state in states])
        for head, states in GROUPS.items()
    ]
    return pages.page(request, "rounds.html", heads=[each for each in heads if each[1]], at=at, last=last)


def _everything(rounds: Rounds) -> list[RoundView]:
    places = {state: place for place, states in enumerate(GROUPS.values()) for state in states}
    return sorted((as_seen(rounds, each) for each in rounds.public()), key=lambda each: places[State(each.state)])


async def privacy(request: Request) -> Response:
    """`GET /privacy`: what is kept, how long, what people may ask for; or the city's own notice."""
    pages, config = pages_of(request), backstage_of(request).config.privacy
    if config.url and config.url != f"{public_url(backstage_of(request).config)}/privacy":
        return RedirectResponse(config.url, 303)
    return pages.page(request, "privacy.html", law=in_language(config.law, pages.language(request)), privacy=config)


async def about(request: Request) -> Response:
    """`GET /rounds/<code>`: what a round is for, how to take part, and afterwards what came of it.

    Of one that was announced and is a draft again it says that alone.
    """
    rounds, code = backstage_of(request).rounds, request.path_params["code"]
    found = await asyncio.to_thread(rounds.find, code)
    if found is not None and await asyncio.to_thread(is_put_off, rounds, found):
        heading, text = map(pages_of(request).words(request), ("error.days_change_title", "chat.days_change"))
        return pages_of(request).page(request, "error.html", heading=heading, text=text, here="/")
    round_ = await _public(request)
    if token := request.query_params.get(mailed.NAME):
        return _brought(request, round_, token)
    known = await asyncio.to_thread(page_of(request).facts, round_, pages_of(request).language(request))
    return pages_of(request).page(request, "round.html", layout="base.html", **known)


def _brought(request: Request, round_: RoundView, token: str) -> Response:
    """Keep what the link of a mail brings until its reader begins, and take it out of the address.

    Nothing is noted yet: programs that look through mails follow links.
    """
    response = to(f"/rounds/{round_.code}")
    if backstage_of(request).rounds.is_mailed(token):
        set_cookie(request, response, MAILED, token, age=LINGERS)
    return response


async def figures(request: Request) -> Response:
    """`GET /rounds/<code>/figures.csv`: what people said, as far as everybody may know it, in the page's language."""
    round_ = await _public(request)
    return _sheet(round_, "figures", await asyncio.to_thread(page_of(request).figures, round_, _language(request)))


async def codebook(request: Request) -> Response:
    """`GET /rounds/<code>/codebook.csv`: what the figures mean, in every language of the round."""
    round_ = await _public(request)
    return _sheet(round_, "codebook", await asyncio.to_thread(page_of(request).codebook, round_))


async def document(request: Request) -> Response:
    """`GET /rounds/<code>/documents/<name>`: a PDF that people read before they answer; to keep, not to run."""
    round_, name = await _public(request), request.path_params["name"]
    found = next((each for each in papers.of(round_.record) if each.name == name), None)
    body = await asyncio.to_thread(backstage_of(request).rounds.paper, found.sha256) if found else None
    if body is None:
        raise HTTPException(404)
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "public, max-age=3600"}
    return Response(body, media_type="application/pdf", headers=headers)


def _sheet(round_: RoundView, what: str, body: str | None) -> Response:
    if body is None:
        raise HTTPException(404)
    name = {"content-disposition": f'attachment; filename="{round_.code}-{what}.csv"'}
    return Response(body.encode("utf-8-sig"), media_type="text/csv", headers=name)


def _language(request: Request) -> str:
    return pages_of(request).language(request)


def page_of(request: Request) -> RoundPage:
    """Return what says of a round, now, what everybody may know."""
    backstage = backstage_of(request)
    return RoundPage(backstage.rounds, backstage.config, pages_of(request).dictionary, backstage.clock())


async def typed(request: Request) -> Response:
    """`GET /<code>`: what people type from a poster; on to the chat of the round or place.

    Phones begin with a capital letter, and end with a blank or a full stop.
    """
    code = request.path_params["code"].strip(" .,").lower()
    rounds = backstage_of(request).rounds
    found, _ = await asyncio.to_thread(rounds.leads_to, code)
    if found is None or (found.state == "draft" and not await asyncio.to_thread(is_put_off, rounds, found)):
        raise HTTPException(404)
    return to(f"/chat/{code}")


async def qr(request: Request) -> Response:
    """`GET /rounds/<code>/qr.svg`: the address of the chat for a phone's camera, in black on white."""
    round_ = await _public(request)
    svg = qr_svg(backstage_of(request).rounds.chat_url(round_.code))
    return Response(svg, media_type="image/svg+xml", headers={"cache-control": "public, max-age=3600"})


async def _public(request: Request) -> RoundView:
    rounds, code = backstage_of(request).rounds, request.path_params["code"]
    round_ = await asyncio.to_thread(rounds.find, code)
    if round_ is None or not await asyncio.to_thread(is_public, rounds, round_):
        raise HTTPException(404)
    return await asyncio.to_thread(as_seen, rounds, round_)
