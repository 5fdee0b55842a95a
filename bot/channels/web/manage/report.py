"""The report of a round: written per language, kept as a draft, seen as citizens will get it, then published."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from bot.channels.web.manage import form as forms
from bot.channels.web.manage import reported
from bot.channels.web.manage.desk import languages_of, seen
from bot.channels.web.manage.doors import MovedOn, form_of, page
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.channels.web.round_page import RoundPage
from bot.channels.web.words import direction
from bot.errors import Refused
from bot.rights import Right
from bot.rounds.concluding import may_report
from bot.rounds.legal import consults
from bot.rounds.lifecycle import State
from bot.rounds.outcome import silent
from bot.rounds.wording import UNWRITTEN, Forbidden, spoken, unwritten
from bot.texts import own_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.words import Dictionary
    from bot.compose import Part
    from bot.rounds.report_back import Draft


_TOLD = (State.REPORTED_BACK, State.ARCHIVED, State.CANCELLED)
"""States in which nobody writes a report any more."""


@dataclass(frozen=True, slots=True)
class Told:
    """A report in one language, as citizens get it: the messages, and what the public page shows."""

    language: str
    name: str
    direction: str
    messages: Sequence[Part]
    report: str
    signed: str
    """The line that says who answers for it."""


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/report`: the draft as it is kept, or as it follows from what is known."""
    round_ = await _reporting(request, visitor)
    kept = await asyncio.to_thread(backstage_of(request).rounds.report_draft, round_.code)
    typed = await asyncio.to_thread(_typed, request, visitor, round_, kept)
    return await _form_page(request, visitor, round_, await asyncio.to_thread(reported.taken, request, round_, typed))


async def keep(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/report`: keep the draft; `act=look` goes on to see it, a script hears its mark."""
    round_ = await _reporting(request, visitor)
    typed = {key: str(value).replace("\r\n", "\n").strip() for key, value in (await form_of(request)).items()}
    rounds = backstage_of(request).rounds
    languages = (await asyncio.to_thread(rounds.played, round_.code)).languages
    texts = {one: typed.get(f"report.{one}", "") for one in languages}
    signed, mark = typed.get("signed", ""), typed.get("seen", "")
    script = "application/json" in request.headers.get("accept", "")
    try:
        kept = await asyncio.to_thread(
            rounds.keep_draft, round_.code, texts, signed=signed, who=visitor.person.id, seen=mark
        )
    except Refused as error:
        said = spoken(error, pages_of(request).words(request).language)
        if script:
            return JSONResponse({"fault": said}, 409)
        return await _form_page(request, visitor, round_, typed, errors=[forms.Error("faults", said)])
    if script:
        return JSONResponse({"seen": kept.mark, "said": _said(request, kept)})
    if typed.get("act") == "look":
        return to(f"/manage/rounds/{round_.code}/report/preview")
    return to(f"/manage/rounds/{round_.code}/report?done=draft_kept")


async def preview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/report/preview`: the messages and the page as citizens will get them."""
    return await _previewed(request, visitor, await _reporting(request, visitor))


async def whole_page(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/report/page?language=…`: the public page as it will be."""
    round_ = await _reporting(request, visitor)
    backstage, dictionary = backstage_of(request), pages_of(request).dictionary
    kept = await asyncio.to_thread(backstage.rounds.report_draft, round_.code)
    languages = (await asyncio.to_thread(backstage.rounds.played, round_.code)).languages
    language = request.query_params.get("language", "")
    if kept is None or language not in languages:
        raise HTTPException(404)
    published = replace(  # type: ignore[type-var] # a view is a frozen dataclass; pages know it by what it shows
        round_,
        state=State.REPORTED_BACK,
        report=kept.texts,
        outcome=replace(round_.outcome, signed=kept.signed),
    )
    shown = RoundPage(backstage.rounds, backstage.config, dictionary, backstage.clock())
    known = await asyncio.to_thread(shown.facts, published, language)
    known |= {"t": dictionary.words(language), "chosen": language, "languages": [], "preview": True}
    return pages_of(request).page(request, "round.html", layout="base.html", **known)


async def publish(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/report/publish`: publish the draft as it was seen."""
    round_ = await seen(request, visitor, Right.LEAD_ROUNDS)
    mark, rounds = str((await form_of(request)).get("seen", "")), backstage_of(request).rounds
    try:
        await asyncio.to_thread(rounds.publish_draft, round_.code, mark, who=visitor.person.id)
    except Refused as error:  # something is missing, or somebody has written on it, or was faster
        return await _previewed(request, visitor, round_, errors=[_refused(request, error)])
    return to(f"/manage/rounds/{round_.code}?done=reported_back")


async def _reporting(request: Request, visitor: Visitor) -> RoundView:
    """Return the round in the address, as long as its report can be written."""
    round_ = await seen(request, visitor, Right.LEAD_ROUNDS)
    if round_.state in _TOLD:
        raise MovedOn(round_)
    if not may_report(round_.state, consults=consults(round_.record)):
        raise HTTPException(404)
    return round_


def _typed(request: Request, visitor: Visitor, round_: RoundView, kept: Draft | None) -> dict[str, str]:
    """Return what the fields hold: the draft, else what follows from the issues and the decision."""
    rounds = backstage_of(request).rounds
    signed = kept.signed if kept else visitor.person.name
    languages = rounds.played(round_.code).languages
    texts = {f"report.{one}": rounds.drafted(round_.code, one) for one in languages}
    return {"signed": signed, "seen": kept.mark if kept else "", **texts}


async def _form_page(
    request: Request,
    visitor: Visitor,
    round_: RoundView,
    typed: Mapping[str, str],
    *,
    errors: Sequence[forms.Error] = (),
) -> Response:
    rounds, words = backstage_of(request).rounds, pages_of(request).words(request)
    flow = await asyncio.to_thread(rounds.played, round_.code)
    kept = await asyncio.to_thread(rounds.report_draft, round_.code)
    facts = await asyncio.to_thread(rounds.facts, round_.code, words.language)
    languages = languages_of(request, flow)
    return page(
        request,
        visitor,
        "manage/report.html",
        status=422 if errors else 200,
        round=round_,
        typed=typed,
        errors=list(errors),
        languages=[(one, own_name(one)) for one in languages],
        silent=[own_name(one) for one in languages if silent(round_.outcome, one)],
        promised=facts.get("feedback_on", ""),
        kept=_said(request, kept) if kept else "",
        mark=kept.mark if kept else "",
        deeds=await asyncio.to_thread(reported.offered, request, round_.service),
        done=request.query_params.get("done", ""),
    )


def _said(request: Request, kept: Draft) -> str:
    """Return when a draft was kept, and by whom, in words."""
    pages = pages_of(request)
    words = pages.words(request)
    return words("report.kept", moment=words.moment(kept.kept_at.astimezone(pages.zone)), name=kept.who)


async def _previewed(
    request: Request, visitor: Visitor, round_: RoundView, *, errors: Sequence[forms.Error] = ()
) -> Response:
    rounds = backstage_of(request).rounds
    kept = await asyncio.to_thread(rounds.report_draft, round_.code)
    if kept is None:
        return to(f"/manage/rounds/{round_.code}/report")
    flow = await asyncio.to_thread(rounds.played, round_.code)
    languages = languages_of(request, flow)
    missing = [one for one in languages if not kept.texts.get(one)]
    letters = {} if len(missing) == len(languages) else await _letters(request, round_, kept)
    return page(
        request,
        visitor,
        "manage/report_preview.html",
        status=422 if errors else 200,
        round=round_,
        errors=list(errors),
        told=[_told(pages_of(request).dictionary, one, letters, kept) for one in languages if one not in missing],
        missing=[(one, own_name(one)) for one in missing],
        unfinished=[(one, own_name(one)) for one in languages if unwritten(kept.texts.get(one, ""))],
        signed=kept.signed,
        mark=kept.mark,
        wishing=await asyncio.to_thread(rounds.wishing, round_.code),
    )


async def _letters(request: Request, round_: RoundView, kept: Draft) -> Mapping[str, Sequence[Part]]:
    signed = kept.signed or UNWRITTEN
    return await asyncio.to_thread(backstage_of(request).rounds.letters, round_.code, kept.texts, signed)


def _told(dictionary: Dictionary, language: str, letters: Mapping[str, Sequence[Part]], kept: Draft) -> Told:
    signed = dictionary.words(language)("round.signed", name=kept.signed)
    return Told(language, own_name(language), direction(language), letters[language], kept.texts[language], signed)


def _refused(request: Request, error: Refused) -> forms.Error:
    words = pages_of(request).words(request)
    if isinstance(error, Forbidden) and error.about == "signed":
        return forms.Error("signed", words("after.signed_missing"))
    return forms.Error("faults", spoken(error, words.language))
