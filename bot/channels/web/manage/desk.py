"""The organiser's desk: the list of rounds, and each round from draft to report-back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from bot.channels.web import meant
from bot.channels.web.findings import book
from bot.channels.web.manage import form as forms
from bot.channels.web.manage import outcome, places, turnout, urgent
from bot.channels.web.manage import standing as standings
from bot.channels.web.manage.doors import MovedOn, form_of, page
from bot.channels.web.manage.logged import Reader
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.errors import Refused
from bot.pictures.drawing import svg
from bot.pictures.drop_off import drop_off
from bot.pictures.listing import listing
from bot.rights import Right
from bot.rounds import example as examples
from bot.rounds import legal, papers
from bot.rounds.concluding import RAISING, may_report
from bot.rounds.findings import PAPER
from bot.rounds.lifecycle import AUDIENCES, BEGINNING, BEGUN, LINK, OVER, RUNNING, TOLD, State, closed_on, first_at
from bot.rounds.outcome import CHANGED
from bot.rounds.outcome import spoken as told_in
from bot.rounds.record import OPTIONAL, day_of, spoken_day
from bot.rounds.tongues import in_language
from bot.rounds.wording import Forbidden, meaning, options, spoken
from bot.texts import own_name, texts
from flows.diagram import verb_of
from flows.model import Choose, End, Photo, Pick, Rate, Review, Say, Stage, Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from starlette.datastructures import FormData
    from starlette.requests import Request

    from bot.channels.web.backstage import Counts, LogEntry, Need, Rounds, RoundView
    from bot.channels.web.findings import Book
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.manage.logged import Change
    from bot.channels.web.words import Words
    from bot.config import Service
    from bot.pictures.drop_off import DropOff
    from bot.pictures.listing import Row as Listed
    from flows.model import Flow

ALSO = "cancel-why."
"""What stands before the language of a field that holds the reason for giving a round up in another one."""
MOVED = ("decided_on", "feedback_on")
"""Days that people were promised, and that may have to move where they get more time."""
AT_FAULT = {
    "bad_code": "code",
    "taken_code": "code",
    "audience": "audience",
    "list_held": "audience",
    "bad_reminder": "closes_on",
    "no_reason": "because",
}
"""The field of the form that a rule is about; any other is said beside the title."""


@dataclass(frozen=True, slots=True)
class Row:
    """A round on the list, with its counts."""

    round: RoundView
    service: str
    counts: Counts
    closes: str
    writers: str | None
    """Who has written it, where it waits for a second signature; None where it does not."""
    may_sign: bool
    overdue: int
    """By how many days its result is late."""


@dataclass(frozen=True, slots=True)
class Question:
    """One line of the flow's table: what it asks, and how often people came to it (None: too few to tell)."""

    id: str
    verb: str
    text: str
    options: tuple[str, ...]
    came: int | None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A flow as a picture and as a table; `counted` where people stand in them, in steps of `minimum`."""

    picture: str
    listing: list[Listed]
    counted: bool
    minimum: int


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of a round's log: when, what, how often in a row, and what is other than before."""

    at: str
    entry: LogEntry
    times: int
    changes: Sequence[Change]


# --------------------------------------------------------------------------- looking


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage`: the rounds of an organiser; a manager without that role goes on to the figures."""
    if not visitor.may_somewhere(Right.SEE_ROUNDS):
        if visitor.may_somewhere(Right.READ_DIGESTS):
            return to("/manage/digests")
        return page(request, visitor, "manage/nothing.html")
    rows = await asyncio.to_thread(_rows, request, visitor)
    reports = await asyncio.to_thread(urgent.waiting, request, visitor)
    return page(request, visitor, "manage/rounds.html", rows=rows, reports=reports)


def _rows(request: Request, visitor: Visitor) -> list[Row]:
    rounds, pages, words = backstage_of(request).rounds, pages_of(request), pages_of(request).words(request)
    keys = visitor.services(rounds.services(), Right.SEE_ROUNDS)
    waits = rounds.awaiting(keys)
    rows = [
        Row(
            each,
            backstage_of(request).config.service_of(each.service).label(words.language),
            rounds.counts(each.code),
            forms.last_day(each.closes_at, pages.zone, words),
            ", ".join(waits[each.code].writers) if each.code in waits else None,
            each.code in waits and visitor.person.id in waits[each.code].signers,
            rounds.overdue(each.state, each.record),
        )
        for each in rounds.listed(keys)
    ]
    return sorted(rows, key=lambda row: not row.may_sign)


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>`: where a round stands and what can be done next."""
    return await round_page(request, visitor)


async def round_page(
    request: Request, visitor: Visitor, *, errors: Sequence[forms.Error] = (), typed: Mapping[str, str] | None = None
) -> Response:
    """Return the page of a round, with what was typed into one of its forms and what is wrong with it."""
    round_ = await seen(request, visitor)
    facts = await asyncio.to_thread(_round_facts, request, round_)
    anew = _anew(request, round_) if typed is None else {}
    signing = await asyncio.to_thread(_signing, request, round_, visitor)
    status = 422 if errors else 200
    return page(
        request,
        visitor,
        "manage/round.html",
        status=status,
        round=round_,
        may_act=visitor.may(round_.service, Right.LEAD_ROUNDS),
        errors=list(errors),
        typed=dict(typed or anew),
        done=_done(request.query_params.get("done", ""), {**facts, **signing}),
        **facts,
        **signing,
    )


def _done(done: str, facts: Mapping[str, object]) -> str:
    """Return what was done, of a new draft with what comes next."""
    if done != "created":
        return done
    return "created_lacks" if facts["faults"] else "created_unsigned" if facts.get("unsigned") else done


def _anew(request: Request, round_: RoundView) -> dict[str, str]:
    """Return the fields of the issue that somebody wants to write anew: `?issue=2`."""
    number, issues = request.query_params.get("issue", ""), round_.outcome.issues
    if not re.fullmatch("[0-9]{1,4}", number) or not 1 <= int(number) <= len(issues):
        return {}
    own, one = backstage_of(request).rounds.played(round_.code).language, issues[int(number) - 1]
    texts = {"issue-said": one.issue, "issue-response": one.response, "issue-reason": one.reason}
    people = str(one.people or "")
    return {"issue-number": number, "issue-people": people, "issue-changed": one.changed, **forms.worded(texts, own)}


def _decided(round_: RoundView, own: str) -> dict[str, str]:
    """Return the fields of the decision that was written down."""
    made = round_.outcome.decision
    if made is None:
        return {}
    texts = {"decision-text": made.text, "decision-reasons": made.reasons, "decision-not-chosen": made.not_chosen}
    return {"decision-on": made.on, **forms.worded(texts, own)}


def _signing(request: Request, round_: RoundView, visitor: Visitor) -> dict[str, object]:
    """Return whether somebody has signed the round or has to, and whether that may be this visitor."""
    rounds, pages = backstage_of(request).rounds, pages_of(request)
    if round_.state not in BEGINNING:
        return {}
    signature, words = rounds.signature(round_.code), pages.words(request)
    signers = rounds.approvers(round_.code)
    return {
        "unsigned": rounds.unsigned(round_.code),
        "unscheduled": rounds.unscheduled(round_.code),
        "signature": signature and (signature.who, words.moment(signature.at.astimezone(pages.zone))),
        "signers": [person.name for person in signers],
        "signers_invited": [] if signers else rounds.signers_invited(round_.code),
        "may_sign": any(person.id == visitor.person.id for person in signers),
        "is_approver": visitor.may(round_.service, Right.SIGN_ROUNDS),
    }


def _round_facts(request: Request, round_: RoundView) -> dict[str, object]:
    backstage, pages, words = backstage_of(request), pages_of(request), pages_of(request).words(request)
    rounds, reader = backstage.rounds, Reader(words, pages.zone, _called_by_people(request))
    counts, flow = rounds.counts(round_.code), rounds.played(round_.code)
    last_day = closed_on(round_.closes_at, round_.closed_at, pages.zone)
    first = first_at(round_.opens_at, round_.opened_at)
    counted = drop_off(flow, counts.moves, backstage.config.digest.minimum_cell)
    return {
        "service": backstage.config.service_of(round_.service).label(words.language),
        "minutes": flow.takes,
        "faults": _faults(request, round_) if round_.state in BEGINNING else [],
        "hints": _hints(rounds, round_, words),
        "unreachable": rounds.unreachable(words.language),
        "borrowed": borrowed(request, round_),
        "counts": counts,
        "overdue": rounds.overdue(round_.state, round_.record),
        "audience": rounds.audience(round_.code) if round_.audience != LINK else None,
        "meant": meant.lines(round_, rounds.settings(round_.code), words),
        "questions": questions(flow, words.language, counted),
        "most_questions": flow.asked,
        "counted": bool(counts.moves),
        "minimum": counted.minimum,
        "wanted": outcome.told(request, round_) if round_.state in BEGUN else [],
        "wanted_head": texts(words.language)("digest.head.wanted"),
        "picture": svg(flow, texts(words.language), round_.title, counted if counts.moves else None),
        "opens": words.day(first, pages.zone) if first else "",
        "closes": words.day_of(last_day) if last_day else "",
        "log": [
            Logged(words.moment(entry.at.astimezone(pages.zone)), entry, times, reader.changes(entry.changed))
            for entry, times in rounds.told(round_.code)
        ],
        "sends_files": any(isinstance(each, Photo | Voice) for each in flow.script(flow.language).states.values()),
        "live": turnout.live(request, round_) if round_.state in BEGUN else None,
        "places": places.shown(rounds, round_),
        "documents": papers.of(round_.record),
        "may_attach": round_.state in BEGINNING,
        "may_place": round_.state in (*BEGINNING, *RUNNING),
        "chat_url": rounds.chat_url(round_.code),
        "deep_link": rounds.deep_link(round_.code),
        "flow_languages": [(one, own_name(one)) for one in flow.languages],
        "facts": rounds.facts(round_.code, words.language),
        **_after(request, round_, flow),
    }


def _faults(request: Request, round_: RoundView) -> list[standings.Lack]:
    """Return why a round cannot open yet, each with its field of the form."""
    rounds, words, config = backstage_of(request).rounds, pages_of(request).words(request), backstage_of(request).config
    service, flow = config.service_of(round_.service), rounds.played(round_.code)
    return standings.lacks(request, service, flow, rounds.check(round_.code, words.language))


def _called_by_people(request: Request) -> dict[str, str]:
    """Return what the page calls what a log knows by an id: services, flows, areas, stages, languages, audiences."""
    backstage, words = backstage_of(request), pages_of(request).words(request)
    services = backstage.config.services
    areas = {id_: in_language(label, words.language) for service in services for id_, label in service.areas}
    return {
        **areas,
        **{flow.id: in_language(flow.title, words.language) for flow in backstage.catalog.flows},
        **{service.key: service.label(words.language) for service in services},
        **{stage.value: words(f"stage.{stage.value}") for stage in Stage},
        **{one: own_name(one) for one in backstage.config.city.languages},
        **{one: meant.audience(one, words) for one in AUDIENCES},
        **{one: words(f"after.changed_{one}") for one in CHANGED},
    }


def _after(request: Request, round_: RoundView, flow: Flow) -> dict[str, object]:
    """Return what comes of the round, and how long people have to answer."""
    rounds, pages, words = backstage_of(request).rounds, pages_of(request), pages_of(request).words(request)
    language = words.language
    consults = legal.consults(round_.record)
    reports = may_report(round_.state, consults=consults)
    draft = rounds.report_draft(round_.code) if reports else None
    return {
        "outcome": told_in(round_.outcome, language),
        "decided": _decided(round_, flow.language),
        "own_languages": [(one, own_name(one)) for one in languages_of(request, flow)],
        "consults": consults,
        "log_is_open": round_.state in RAISING,
        "paper_days": PAPER.days,
        "takes_paper": backstage_of(request).counter.takes(round_.code),
        "may_report": reports,
        "report_draft": draft,
        "report_draft_at": words.moment(draft.kept_at.astimezone(pages.zone)) if draft else "",
        "length": rounds.length(round_.code, language),
        "kept_as_told": rounds.facts(round_.code, language).get("keep_until", "") if round_.closes_at else "",
        "evaluation": rounds.evaluation(round_.code, language) if round_.state in TOLD else [],
        "moved": [(name, day) for name in MOVED if (day := words.spoken_day(str(round_.record.get(name, ""))))],
        "legal": _legal(round_, language),
        "over": round_.state in OVER,
        "book": _book(request, round_) if round_.state in OVER else None,
    }


def _book(request: Request, round_: RoundView) -> Book | None:
    """Return what people said, as everybody may know it: other steps beside those would tell more than either."""
    found, words = backstage_of(request).rounds.findings(round_.code), pages_of(request).words(request)
    return book(found, words, texts(words.language), pages_of(request).zone) if found else None


def _legal(round_: RoundView, language: str) -> list[tuple[str, str]]:
    """Return what the record says of the law, in words: (what, text)."""
    said = [(field, in_language(round_.record.get(field.name), language)) for field in legal.FIELDS]
    said = [
        (field, spoken_day(text, language) if field.kind == "date" and day_of(text) else text) for field, text in said
    ]
    return [
        (meaning(language, field.name), dict(options(language, field.name)).get(text, text))
        if field.kind == "choice"
        else (meaning(language, field.name), text)
        for field, text in said
        if text
    ]


def questions(flow: Flow, language: str, counted: DropOff) -> list[Question]:
    """Return the questions of a flow in file order, with how often a session arrived at each."""
    said, states = texts(language), flow.script(language).states.values()
    return [
        Question(
            state.id,
            said(f"verb.{verb_of(state)}"),
            state.text.strip().split("\n")[0],
            tuple(option.label for option in state.options) if isinstance(state, Choose | Pick | Rate) else (),
            counted.came[state.id],
        )
        for state in states
        if not isinstance(state, Say | End | Review)
    ]


async def picture(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/picture`: the round's questions as a picture with the people on it, and as a table."""
    round_ = await seen(request, visitor, Right.SEE_QUESTIONS)
    drawn = await asyncio.to_thread(_drawn, request, round_)
    rounds_too = visitor.may(round_.service, Right.SEE_ROUNDS)
    files_too = visitor.may(round_.service, Right.READ_ANSWERS)
    return page(
        request, visitor, "manage/picture.html", round=round_, rounds_too=rounds_too, files_too=files_too, drawn=drawn
    )


async def picture_file(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/picture.svg`: the picture alone, to print or to send."""
    round_ = await seen(request, visitor, Right.SEE_QUESTIONS)
    drawn = await asyncio.to_thread(_drawn, request, round_)
    return Response(drawn.picture, media_type="image/svg+xml")


def _drawn(request: Request, round_: RoundView) -> Drawn:
    """Return the picture and the table of a round, people in it as soon as anybody has begun."""
    rounds, said = backstage_of(request).rounds, texts(pages_of(request).words(request).language)
    counts, flow = rounds.counts(round_.code), rounds.played(round_.code)
    minimum = backstage_of(request).config.digest.minimum_cell
    counted = drop_off(flow, counts.moves, minimum) if counts.moves else None
    return Drawn(svg(flow, said, round_.title, counted), listing(flow, said, counted), counted is not None, minimum)


async def numbers(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/numbers`: the counts alone, for the page's script; a few seconds old at most."""
    round_, words = await seen(request, visitor), pages_of(request).words(request)
    counts, found = await asyncio.to_thread(backstage_of(request).rounds.glance, round_.code, words.language)
    return HTMLResponse(
        pages_of(request).part("manage/numbers.html", "numbers", counts, turnout.shown(found, words), words)
    )


# --------------------------------------------------------------------------- writing


async def new(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/new`: first which service and which flow, then everything the flow's texts need."""
    service, flow = await asyncio.to_thread(wanted, request, visitor)
    if service is None or flow is None:
        return page(request, visitor, "manage/choose.html", choices=_choices(request, visitor), wanted=service)
    filled = _wants_example(request)
    typed = await asyncio.to_thread(_exemplary, request, service, flow) if filled else {"audience": LINK}
    return await _form_page(request, visitor, service, flow, typed=typed)


def _hints(rounds: Rounds, round_: RoundView, words: Words) -> Sequence[str]:
    if round_.state not in BEGINNING:
        return []
    named = partial(_called, words)
    alone = rounds.untranslated(round_.code, words.language, named)
    return [*rounds.hints(round_.code, words.language, named), *([alone] if alone else [])]


def _called(words: Words, field: str) -> str:
    """Return what the form calls a field, in quotation marks of its language."""
    said = meaning(words.language, field)
    name = words(f"need.{field}") if words.has(f"need.{field}") else f"{said[:1].upper()}{said[1:]}"
    return words("form.called", name=name)


def borrowed(request: Request, round_: RoundView) -> str:
    """Return the names of the fields of a draft that still hold words of the example; empty: none do."""
    words = pages_of(request).words(request)
    names = backstage_of(request).rounds.borrowed(round_.code)
    return ", ".join(_called(words, name) for name in names)


async def keep(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/keep`: say that what still stands of the example is true here."""
    round_, form = await seen(request, visitor, Right.LEAD_ROUNDS), await form_of(request)
    rounds, last, why = backstage_of(request).rounds, _seen_entry(form), str(form.get("because", ""))
    names = await asyncio.to_thread(rounds.borrowed, round_.code)
    record = examples.kept(round_.record, names)
    try:
        await asyncio.to_thread(rounds.change, round_.code, record=record, who=visitor.person.id, seen=last, why=why)
    except Refused as error:
        field = "because-keep" if isinstance(error, Forbidden) and error.key == "no_reason" else "state"
        said = spoken(error, pages_of(request).words(request).language)
        return await round_page(request, visitor, errors=[forms.Error(field, said)])
    return to(f"/manage/rounds/{round_.code}?done=changed")


def _wants_example(request: Request) -> bool:
    return bool(request.query_params.get("example"))


def _exemplary(request: Request, service: Service, flow: Flow) -> dict[str, str]:
    """Return the form filled with the example of a flow, its days counted from today."""
    if flow.id not in examples.known():
        raise HTTPException(404)
    languages, zone = languages_of(request, flow), pages_of(request).zone
    today = backstage_of(request).clock().astimezone(zone).date()
    shown = examples.example(flow, languages[0], today)
    return forms.filled(shown, needs_of(request, service, flow), languages, flow.language)


async def create(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/new`: write the draft, or show every fault beside its field."""
    service, flow = await asyncio.to_thread(wanted, request, visitor, await form_of(request))
    if service is None or flow is None:
        raise HTTPException(404)
    filled, typed = await read_form(request, service, flow)
    if filled.errors:
        return await _form_page(request, visitor, service, flow, typed=typed, errors=filled.errors)
    rounds = backstage_of(request).rounds
    try:
        made = await asyncio.to_thread(
            rounds.create,
            service=service.key,
            flow=flow.id,
            title=filled.title,
            record=filled.record,
            audience=filled.audience,
            opens_at=filled.opens_at,
            closes_at=filled.closes_at,
            who=visitor.person.id,
            code=filled.code or None,
        )
    except Refused as error:
        wrong = [_refused(request, error)]
        return await _form_page(request, visitor, service, flow, typed=typed, errors=wrong)
    return to(f"/manage/rounds/{made.code}?done=created")


async def edit(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/edit`: the form of a round that has not begun."""
    round_, service, flow = await editable(request, visitor)
    needs = await asyncio.to_thread(needs_of, request, service, flow)
    typed = forms.shown(round_, needs, languages_of(request, flow), pages_of(request).zone)
    return await _form_page(request, visitor, service, flow, typed=typed, round_=round_)


async def change(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/edit`: keep what was typed, or show every fault beside its field."""
    round_, service, flow = await editable(request, visitor)
    filled, typed = await read_form(request, service, flow, round_)
    if filled.errors:
        return await _form_page(request, visitor, service, flow, typed=typed, errors=filled.errors, round_=round_)
    rounds = backstage_of(request).rounds
    needs = {need.name for need in await asyncio.to_thread(needs_of, request, service, flow)}
    try:
        await asyncio.to_thread(
            rounds.change,
            round_.code,
            title=filled.title,
            record=whole(round_, filled, needs),
            audience=filled.audience,
            opens_at=filled.opens_at,
            closes_at=filled.closes_at,
            who=visitor.person.id,
            seen=_seen_entry(typed),
            why=typed.get("because", "").strip(),
        )
    except Refused as error:  # what was typed stays on the page, and may be sent once more
        wrong = [_refused(request, error)]
        return await _form_page(request, visitor, service, flow, typed=typed, errors=wrong, round_=round_)
    return to(f"/manage/rounds/{round_.code}?done=changed")


def _seen_entry(form: Mapping[str, object]) -> int | None:
    """Return the last entry of a round's log that somebody had seen on the page they send."""
    said = str(form.get("seen", ""))
    return int(said) if re.fullmatch("[0-9]{1,9}", said) else None


def _refused(request: Request, error: Refused) -> forms.Error:
    """Return what was refused, beside the field it is about."""
    key = error.key if isinstance(error, Forbidden) else ""
    return forms.Error(AT_FAULT.get(key, "title"), spoken(error, pages_of(request).words(request).language))


async def editable(request: Request, visitor: Visitor) -> tuple[RoundView, Service, Flow]:
    """Return the draft in the address, for who may change it, with its service and its flow."""
    round_ = await seen(request, visitor, Right.LEAD_ROUNDS)
    if round_.state not in BEGINNING:
        raise MovedOn(round_)
    backstage = backstage_of(request)
    service = backstage.config.service_of(round_.service)
    return round_, service, backstage.catalog.get(round_.flow).among(service.languages)


async def read_form(
    request: Request, service: Service, flow: Flow, round_: RoundView | None = None
) -> tuple[forms.Filled, dict[str, str]]:
    """Return what a form of a round means, and what was typed; `round_` is the draft that it changes."""
    pages = pages_of(request)
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    needs = await asyncio.to_thread(needs_of, request, service, flow)
    return forms.read(typed, needs, languages_of(request, flow), pages.zone, pages.words(request), round_), typed


def whole(round_: RoundView | None, filled: forms.Filled, names: Collection[str]) -> dict[str, object]:
    """Return the record as it would be kept: what the form does not ask for (its fields are `names`) stays."""
    kept = round_.record if round_ else {}
    asked = {*names, "title"} if filled.retitled else names
    return {name: text for name, text in kept.items() if name not in asked} | dict(filled.record)


async def _form_page(
    request: Request,
    visitor: Visitor,
    service: Service,
    flow: Flow,
    *,
    typed: Mapping[str, str],
    errors: Sequence[forms.Error] = (),
    round_: RoundView | None = None,
) -> Response:
    words, languages = pages_of(request).words(request), languages_of(request, flow)
    needs = await asyncio.to_thread(needs_of, request, service, flow)
    filled = forms.read(typed, needs, languages, pages_of(request).zone, words, round_)
    standing = await asyncio.to_thread(standings.standing, request, service, flow, filled, round_)
    return page(
        request,
        visitor,
        "manage/form.html",
        standing=standing,
        status=422 if errors else 200,
        service=service,
        service_name=service.label(words.language),
        flow=flow,
        flow_title=in_language(flow.title, words.language),
        needs=needs,
        usual=OPTIONAL,
        typed=typed,
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        flow_languages=[(one, own_name(one)) for one in languages],
        round=round_,
        was_signed=round_ is not None and round_.state != State.DRAFT,
        last_entry=await asyncio.to_thread(_last_entry, request, round_),
        is_example=round_ is None and _wants_example(request),
        example_url="" if round_ else _example_url(service, flow),
    )


def _last_entry(request: Request, round_: RoundView | None) -> int:
    return 0 if round_ is None else backstage_of(request).rounds.log(round_.code)[-1].number


def _example_url(service: Service, flow: Flow) -> str:
    """Return where the form stands filled with an example of the flow; empty where there is none."""
    asked = urlencode({"service": service.key, "flow": flow.id, "example": 1})
    return f"/manage/rounds/new?{asked}" if flow.id in examples.known() else ""


def wanted(request: Request, visitor: Visitor, form: FormData | None = None) -> tuple[Service | None, Flow | None]:
    """Return the service and flow named in the address or the form, where this person may open rounds for it."""
    given = form if form is not None else request.query_params
    config, catalog = backstage_of(request).config, backstage_of(request).catalog
    key, flow_id = str(given.get("service", "")), str(given.get("flow", ""))
    service = next((each for each in config.services if each.key == key and visitor.may(key, Right.LEAD_ROUNDS)), None)
    flow = next((each for each in catalog.flows if each.id == flow_id), None)
    if service is None or flow is None or flow.stage not in service.stages:
        return service, None
    return service, flow.among(service.languages)


def _choices(request: Request, visitor: Visitor) -> list[tuple[Service, str, list[tuple[Flow, str]]]]:
    """Return each service this person may act for, with the flows of its stages: flow, title."""
    language = pages_of(request).words(request).language
    backstage = backstage_of(request)
    return [
        (
            service,
            service.label(language),
            [
                (flow, in_language(flow.title, language))
                for stage in service.stages
                for flow in backstage.catalog.flows
                if flow.stage == stage
            ],
        )
        for service in backstage.config.services
        if visitor.may(service.key, Right.LEAD_ROUNDS)
    ]


def needs_of(request: Request, service: Service, flow: Flow) -> Sequence[Need]:
    """Return what the form asks for."""
    return backstage_of(request).rounds.needs(flow.id, service.key, pages_of(request).words(request).language)


def languages_of(request: Request, flow: Flow) -> list[str]:
    """Return the flow's languages, the organiser's own first."""
    own = pages_of(request).words(request).language
    return sorted(flow.languages, key=lambda one: one != own)


# --------------------------------------------------------------------------- acting


async def approve(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/approve`: sign the round as the second person."""
    round_ = await seen(request, visitor, Right.SIGN_ROUNDS)
    try:
        sign, last = backstage_of(request).rounds.approve, _seen_entry(await form_of(request))
        await asyncio.to_thread(sign, round_.code, who=visitor.person.id, seen=last)
    except Refused as error:
        said = spoken(error, pages_of(request).words(request).language)
        return await round_page(request, visitor, errors=[forms.Error("state", said)])
    return to(f"/manage/rounds/{round_.code}?done=approved")


async def open_(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/open`: open now, or on its day."""
    round_ = await seen(request, visitor, Right.LEAD_ROUNDS)
    rounds, words = backstage_of(request).rounds, pages_of(request).words(request)
    faults = await asyncio.to_thread(rounds.check, round_.code, words.language)
    if faults:
        return await round_page(request, visitor, errors=[forms.Error("faults", words("round_page.cannot_open"))])
    try:
        opened = await asyncio.to_thread(rounds.open, round_.code, who=visitor.person.id)
    except Refused as error:  # somebody was faster, or it is not signed
        return await round_page(request, visitor, errors=[forms.Error("state", spoken(error, words.language))])
    return to(f"/manage/rounds/{round_.code}?done={opened.state}")


async def close(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/close`: close now."""
    return await _step(request, visitor, backstage_of(request).rounds.close, "closed")


async def cancel(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/cancel`: give the round up, with the reason."""
    spoken = pages_of(request).words(request).language
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    other = {key.removeprefix(ALSO): text for key, text in typed.items() if key.startswith(ALSO)}
    act = partial(backstage_of(request).rounds.cancel, language=spoken, translated=other)
    return await _step(request, visitor, act, "cancelled", reason="cancel-why")


async def pause(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/pause`: let the round rest, with the reason."""
    return await _step(request, visitor, backstage_of(request).rounds.pause, "paused", reason="pause-why")


async def resume(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/resume`: let the round go on."""
    return await _step(request, visitor, backstage_of(request).rounds.resume, "resumed")


async def _step(
    request: Request, visitor: Visitor, act: Callable[..., RoundView], done: str, *, reason: str = ""
) -> Response:
    """Take a step with what was given as the reason; `reason` is the field that must hold one."""
    round_ = await seen(request, visitor, Right.LEAD_ROUNDS)
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    why = typed.get(reason or "why", "").strip()
    if reason and not why:
        missing = forms.Error(reason, pages_of(request).words(request)("round_page.no_reason"))
        return await round_page(request, visitor, errors=[missing], typed=typed)
    try:
        await asyncio.to_thread(act, round_.code, who=visitor.person.id, why=why)
    except Refused as error:  # somebody else was faster
        said = forms.Error("state", spoken(error, pages_of(request).words(request).language))
        return await round_page(request, visitor, errors=[said])
    return to(f"/manage/rounds/{round_.code}?done={done}")


async def extend(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/extend`: a later last day, with the reason."""
    round_ = await seen(request, visitor, Right.LEAD_ROUNDS)
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    words = pages_of(request).words(request)
    until = forms.end_of(typed.get("until", ""), pages_of(request).zone)
    why = typed.get("why", "").strip()
    errors = [] if until else [forms.Error("until", words("form.bad_date"))]
    errors += [] if why else [forms.Error("why", words("round_page.no_reason"))]
    if until is None or errors:
        return await round_page(request, visitor, errors=errors, typed=typed)
    rounds, days = backstage_of(request).rounds, {name: typed.get(f"new-{name}", "") for name in MOVED}
    try:
        await asyncio.to_thread(rounds.extend, round_.code, until, who=visitor.person.id, why=why, days=days)
    except Refused as error:
        wrong = forms.Error(_day_at_fault(error), spoken(error, words.language))
        return await round_page(request, visitor, errors=[wrong], typed=typed)
    return to(f"/manage/rounds/{round_.code}?done=extended")


def _day_at_fault(error: Refused) -> str:
    """Return the field of the form for more time that a rule is about."""
    name = (error.key.removeprefix("extend_"), error.about) if isinstance(error, Forbidden) else ("", "")
    return next((f"new-{one}" for one in MOVED if one in name), "until")


async def seen(request: Request, visitor: Visitor, right: Right = Right.SEE_ROUNDS) -> RoundView:
    """Return the round in the address, for who has a right; what somebody may not see does not exist for them."""
    round_ = await asyncio.to_thread(backstage_of(request).rounds.find, request.path_params["code"])
    if round_ is None or not visitor.may(round_.service, right):
        raise HTTPException(404)
    return round_
