"""Staff look at their own work in the browser: the form, what came of it, and whom they show it to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from bot.assessing import form as forms
from bot.assessing import gap as gaps
from bot.assessing import results
from bot.assessing.items import BY_ID, LEVELS, LONGEST_EVIDENCE, OF_STAGE, PROVEN_FROM, TOP
from bot.assessing.scoring import Said
from bot.assessing.words import words
from bot.channels.web.manage.doors import form_of, page
from bot.channels.web.manage.form import Error
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.digests.weeks import Week
from flows.words import plain_digits, whole
from storage import assessments as stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection
    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from bot.assessing.assessments import Assessments, Mine
    from bot.assessing.form import Asked
    from bot.assessing.gap import Gap, Rated
    from bot.assessing.items import Item
    from bot.channels.web.manage.doors import Visitor
    from bot.texts import Texts
    from storage.people import Person

MOST = 100
"""Percent."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A form, read: what was said, foretold and marked, and every fault."""

    said: Mapping[str, Said]
    guesses: Mapping[int, int]
    top: tuple[str, ...]
    errors: Sequence[Error]
    typed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One item in the table of results; `middle` and after it are of several assessors, empty of one alone."""

    item: Item
    says: str
    level: str
    claimed: bool
    evidence: str
    middle: str = ""
    spread: str = ""
    talk: bool = False


# --------------------------------------------------------------------------- looking


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/assess`: the services somebody may assess; with one alone on to it."""
    keys = await asyncio.to_thread(_services, request, visitor)
    if len(keys) == 1:
        return to(f"/manage/assess/{keys[0]}")
    labels = [(key, _label(request, key)) for key in keys]
    return page(request, visitor, "manage/assess_services.html", services=labels, a=_said(request))


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/assess/<service>`: how somebody saw their work last, beside what people say."""
    service = await _service(request, visitor)
    facts = await asyncio.to_thread(_facts, request, visitor, service)
    done = request.query_params.get("done", "")
    return page(request, visitor, "manage/assess.html", service=service, done=done, **facts)


def _facts(request: Request, visitor: Visitor, service: str) -> dict[str, Any]:
    kept, said, now = backstage_of(request).assessments, _said(request), backstage_of(request).clock()
    zone = pages_of(request).zone
    with backstage_of(request).database.reading() as db:
        mine = kept.mine(db, visitor.person.id, service, now)
        gap = kept.gap(db, visitor.person.id, service, Week.of(now, zone).back(1), zone, now)
        waiting = kept.waiting(db, visitor.person.id, service, gap)
        others, viewers = _others(db, kept, visitor, service)
        teams, mean = kept.above(db)
    return {
        "a": said,
        "name": _label(request, service),
        "mine": mine,
        "told": results.told(mine, _label(request, service), said, zone) if mine else [],
        "stages": list(results.stages(mine, said)) if mine else [],
        "skills": list(results.skills(mine, said)) if mine else [],
        "rows": [_row(item, mine, said) for item in BY_ID.values() if item.id in mine.said] if mine else [],
        "team": mine.team if mine else None,
        "gap": [*(_gap_lines(gap, said) if gap else []), *(_waiting(*each, said) for each in waiting)],
        "followed": [_followed(each, said) for each in gap.top] if gap else [],
        "fields": [gaps.field_line(each, said) for each in gap.fields] if gap else [],
        "own_stages": [(each, said(f"stage.{each}")) for each in _stages(request, service)],
        "others": others,
        "viewers": viewers,
        "above": said.many("team.city_mean", teams, score=said.number(mean)) if mean is not None else "",
    }


def _others(db: Connection, kept: Assessments, visitor: Visitor, service: str) -> tuple[list[Person], set[int]]:
    return kept.colleagues(db, visitor.person.id, service), stored.viewers(db, visitor.person.id, service)


def _gap_lines(gap: Gap, said: Texts) -> list[str]:
    return [*(gaps.expected(each, said) for each in gap.foretold), *gaps.calibrated(gap, said)]


def _waiting(stage: str, percent: int, said: Texts) -> str:
    return said("gap.waiting", stage=said(f"stage.{stage}"), expected=said.percent(percent))


def _followed(each: Rated, said: Texts) -> str:
    """Return what somebody works on, with people's experience of it."""
    item = said(f"item.{each.item}.short")
    if each.index is None:
        return said("gap.follow_none", item=item)
    return said("gap.follow", item=item, index=said.number(each.index))


def _row(item: Item, mine: Mine, said: Texts) -> Row:
    own = mine.said[item.id]
    level = said(f"level.{forms.NA if own.level is None else own.level}")
    seen = mine.team.seen.get(item.id) if mine.team else None
    row = Row(item, said(f"item.{item.id}.says"), level, own.claimed, own.evidence)
    if seen is None:
        return row
    spread = f"{said.number(seen.low)} – {said.number(seen.high)}"
    return Row(item, row.says, level, own.claimed, own.evidence, said.number(float(seen.middle)), spread, seen.talk)


# --------------------------------------------------------------------------- the form


async def form(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/assess/<service>/form`: all items, or those of `stage`; first what can still be foretold."""
    service = await _service(request, visitor)
    stage = _stage(request.query_params.get("stage", ""))
    typed = await asyncio.to_thread(_before, request, visitor, service)
    return await _form_page(request, visitor, service, stage, typed)


async def _form_page(
    request: Request,
    visitor: Visitor,
    service: str,
    stage: str | None,
    typed: Mapping[str, str],
    errors: Sequence[Error] = (),
) -> Response:
    said, asked = _said(request), await asyncio.to_thread(_ahead, request, service, stage)
    return page(
        request,
        visitor,
        "manage/assess_form.html",
        status=422 if errors else 200,
        a=said,
        name=_label(request, service),
        service=service,
        stage=stage or "",
        items=forms.items(stage),
        anchors=[("0", "none"), ("2", "some"), ("4", "best")],
        levels=[*map(str, LEVELS), forms.NA],
        proven=said(f"level.{PROVEN_FROM}"),
        asked=[(each.round_id, forms.guess_text(said, each)) for each in asked],
        typed=typed,
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        longest=LONGEST_EVIDENCE,
    )


def _before(request: Request, visitor: Visitor, service: str) -> dict[str, str]:
    """Return the form as somebody filled it in last."""
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        mine = backstage.assessments.mine(db, visitor.person.id, service, backstage.clock())
    if mine is None:
        return {}
    said = {f"level.{item}": forms.NA if each.level is None else str(each.level) for item, each in mine.said.items()}
    said |= {f"proof.{item}": each.evidence for item, each in mine.said.items() if each.evidence}
    return said | {f"top.{item}": "on" for item in mine.top}


def _ahead(request: Request, service: str, stage: str | None) -> list[Asked]:
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        rows = backstage.assessments.ahead(db, service, backstage.clock())
        return [backstage.assessments.asked(db, row) for row in rows if stage in {None, row.stage}]


async def save(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/assess/<service>/form`: keep it, or show every fault beside its field."""
    service = await _service(request, visitor)
    sent = await form_of(request)
    stage = _stage(str(sent.get("stage", "")))
    filled = _read(sent, stage, _said(request))
    if filled.errors:
        return await _form_page(request, visitor, service, stage, filled.typed, filled.errors)
    late = await asyncio.to_thread(_kept, request, visitor, service, stage, filled)
    return to(f"/manage/assess/{service}?done={'locked' if late else 'saved'}")


def _read(sent: FormData, stage: str | None, said: Texts) -> Filled:
    typed = {name: str(value).strip() for name, value in sent.multi_items()}
    levels = {item.id: typed.get(f"level.{item.id}", "") for item in forms.items(stage)}
    known = {item: level for item, level in levels.items() if level in {*map(str, LEVELS), forms.NA}}
    proofs = {item: typed.get(f"proof.{item}", "") for item in known}
    errors = [
        Error(f"proof.{item}", said("page.too_long", n=LONGEST_EVIDENCE))
        for item, proof in proofs.items()
        if len(proof) > LONGEST_EVIDENCE
    ]
    top = forms.picked(item for item in BY_ID if f"top.{item}" in typed)
    if sum(f"top.{item}" in typed for item in BY_ID) > TOP:
        errors.append(Error("top", said("page.choose_three")))
    guesses, wrong = _guesses(typed, said)
    if not known and not guesses and not wrong:
        errors.append(Error(f"level.{forms.items(stage)[0].id}", said("page.nothing")))
    told = {item: Said(None if level == forms.NA else int(level), proofs[item]) for item, level in known.items()}
    return Filled(told, guesses, top, [*wrong, *errors], typed)


def _guesses(typed: Mapping[str, str], said: Texts) -> tuple[dict[int, int], list[Error]]:
    sent = {name.removeprefix("guess."): text for name, text in typed.items() if name.startswith("guess.") and text}
    read = {
        each: plain_digits(text).removesuffix("%").strip() for each, text in sent.items() if whole(each) is not None
    }
    good = {
        each: text for each, text in read.items() if text.isdecimal() and len(text) < len("1000") and int(text) <= MOST
    }
    wrong = [Error(f"guess.{each}", said("page.guess_wrong")) for each in read if each not in good]
    return {int(each): int(text) for each, text in good.items()}, wrong


def _kept(request: Request, visitor: Visitor, service: str, stage: str | None, filled: Filled) -> bool:
    """Keep a form whole; return whether a guess came too late."""
    backstage, person = backstage_of(request), visitor.person.id
    now, kept = backstage.clock(), backstage.assessments
    with backstage.database.transaction() as db:
        own = {row.id for row in kept.ahead(db, service, now)}
        late = [
            each
            for each, percent in filled.guesses.items()
            if each not in own or not kept.predict(db, person, each, percent, now)
        ]
        begun = stored.get(db, stored.begin(db, person, service, stage, now)) if filled.said else None
        if begun is not None:
            kept.keep(db, begun, filled.said, filled.top, now)
    return bool(late)


async def share(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/assess/<service>/viewers`: let exactly these people see one's scores."""
    service = await _service(request, visitor)
    chosen = {str(each) for each in (await form_of(request)).getlist("viewer")}
    await asyncio.to_thread(_shared, request, visitor, service, chosen)
    return to(f"/manage/assess/{service}?done=shared#viewers")


def _shared(request: Request, visitor: Visitor, service: str, chosen: set[str]) -> None:
    backstage, person = backstage_of(request), visitor.person.id
    with backstage.database.transaction() as db:
        others = backstage.assessments.colleagues(db, person, service)
        stored.show_to(db, person, service, [each.id for each in others if str(each.id) in chosen])


# --------------------------------------------------------------------------- helpers


async def _service(request: Request, visitor: Visitor) -> str:
    """Return the service in the address; what somebody may not assess does not exist for them."""
    service = request.path_params["service"]
    if service not in await asyncio.to_thread(_services, request, visitor):
        raise HTTPException(404)
    return str(service)


def _services(request: Request, visitor: Visitor) -> list[str]:
    backstage = backstage_of(request)
    with backstage.database.reading() as db:
        return backstage.assessments.services(db, visitor.person.id)


def _stage(text: str) -> str | None:
    return text if text in OF_STAGE else None


def _stages(request: Request, service: str) -> Sequence[str]:
    return backstage_of(request).config.service_of(service).stages


def _label(request: Request, service: str) -> str:
    return backstage_of(request).config.service_of(service).label(_said(request).language)


def _said(request: Request) -> Texts:
    return words(pages_of(request).words(request).language)
