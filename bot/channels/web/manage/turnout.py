"""Who takes part in a round: live numbers for its page, and a page to say who lives here and what is aimed at."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from bot.channels.web.manage import desk
from bot.channels.web.manage.doors import form_of, page
from bot.channels.web.manage.form import Error
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.digests.representation import Verdict, per_hundred
from bot.errors import Refused
from bot.rights import Right
from bot.rounds.fairness import sentences
from bot.rounds.lifecycle import BEGINNING, RUNNING, State
from bot.rounds.margins import Line
from bot.rounds.tongues import in_language
from bot.rounds.variables import REST
from bot.rounds.wording import Forbidden, fault, spoken, standing
from storage.people import EVERY_SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.words import Words
    from bot.rounds.fairness import Numbers, Table, Told
    from bot.rounds.margins import Margin
    from bot.rounds.variables import Variable

REASONS = frozenset({"no_reason", "why_too_long"})
"""What is said of a reason that is missing, or longer than the log has room for."""
CITY = "city"
"""What the field `for` says of numbers that hold for every round."""


@dataclass(frozen=True, slots=True)
class Row:
    """One group as a page shows it: counts in steps, None below one step."""

    label: str
    way: Told | None
    answers: int | None
    wanted: int | None
    share: int | None
    """Of every hundred answers."""
    residents: int | None
    """Of every hundred residents."""
    verdict: str
    ratio: str
    missing: bool


@dataclass(frozen=True, slots=True)
class Sheet:
    """The groups of one variable."""

    key: str
    title: str
    rows: tuple[Row, ...]
    source: str
    """Who counted the residents; empty where nobody has said who lives here."""

    @property
    def by_way(self) -> bool:
        """Whether it tells how far people have come."""
        return any(row.way for row in self.rows)

    @property
    def aimed(self) -> bool:
        """Whether answers are wanted of any group."""
        return any(row.wanted is not None for row in self.rows)


@dataclass(frozen=True, slots=True)
class Live:
    """What a round's page shows of its numbers."""

    numbers: Numbers
    sheets: tuple[Sheet, ...]
    missing: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One group to give a number to."""

    group: str
    label: str
    number: str
    target: str
    follows: int | None
    """What is wanted of it where nothing is said."""


@dataclass(frozen=True, slots=True)
class Form:
    """One variable to describe the residents by."""

    key: str
    title: str
    fields: tuple[Field, ...]
    margin: Margin | None
    day: date | None
    own: bool
    """Whether the round says it for itself."""
    percent: bool
    rest: str
    usual: bool
    """Whether it is area, language or another thing about the person."""


def live(request: Request, round_: RoundView) -> Live:
    """Return the numbers of a round now, in words of the visitor's language."""
    words = pages_of(request).words(request)
    return shown(backstage_of(request).rounds.numbers(round_.code, words.language), words)


def shown(found: Numbers, words: Words) -> Live:
    """Return numbers as a page shows them."""
    missing = (sentences(table, each, found.minimum, words.language) for table, each in found.missing)
    return Live(found, tuple(_sheet(table, words) for table in found.tables), tuple(missing))


def _sheet(table: Table, words: Words) -> Sheet:
    rows = tuple(
        Row(
            table.variable.label(each.group, words.language),
            table.ways.get(each.group),
            each.answers,
            table.wanted.get(each.group),
            _per_hundred(each.share),
            _per_hundred(each.residents),
            "" if each.verdict is Verdict.UNTOLD else standing(words.language, each.verdict),
            "" if each.ratio is None else words.number(each.ratio),
            each.verdict is Verdict.FEW,
        )
        for each in table.found.standings
    )
    source = table.margin.source if table.margin else ""
    return Sheet(table.variable.key, _title(table.variable, words), rows, source)


def _per_hundred(part: float | None) -> int | None:
    return None if part is None else per_hundred(part)


def _title(variable: Variable, words: Words) -> str:
    if words.has(f"turnout.by_{variable.key}"):
        return words(f"turnout.by_{variable.key}")
    return in_language(variable.question, words.language).strip().split("\n")[0]


# --------------------------------------------------------------------------- who lives here, what is aimed at


async def show(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/turnout`: who takes part, who lives here, what is aimed at."""
    return await _shown(request, visitor, {}, [])


async def _shown(request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Sequence[Error]) -> Response:
    round_ = await desk.seen(request, visitor)
    rounds = backstage_of(request).rounds
    forms = await asyncio.to_thread(_forms, request, round_, typed)
    weighings = await asyncio.to_thread(rounds.weighings)
    aims = await asyncio.to_thread(rounds.aims, round_.code)
    return page(
        request,
        visitor,
        "manage/turnout.html",
        status=422 if errors else 200,
        round=round_,
        live=await asyncio.to_thread(live, request, round_),
        forms=forms,
        answers=typed.get("answers", "" if aims.answers is None else str(aims.answers)),
        may_act=visitor.may(round_.service, Right.LEAD_ROUNDS) and round_.state in (*BEGINNING, *RUNNING),
        may_city=visitor.may(EVERY_SERVICE, Right.WEIGH_CITY),
        typed=dict(typed),
        errors=list(errors),
        wrong={error.name: error.message for error in errors},
        done=request.query_params.get("done", ""),
        asks_why=round_.state != State.DRAFT,
        weighings=[(pages_of(request).words(request).day(one.at, pages_of(request).zone), one) for one in weighings],
    )


def _forms(request: Request, round_: RoundView, typed: Mapping[str, str]) -> list[Form]:
    rounds, words = backstage_of(request).rounds, pages_of(request).words(request)
    margins, aims = rounds.margins(round_.code), rounds.aims(round_.code)
    follow = aims.of(margins)
    return [
        _form(each, margins.get(each.key), own=each.key in aims.margins, typed=typed, words=words,
              wanted=(aims.wanted.get(each.key, {}), follow.get(each.key, {})))
        for each in rounds.variables(round_.code).values()
    ]  # fmt: skip


def _form(
    variable: Variable,
    margin: Margin | None,
    *,
    own: bool,
    typed: Mapping[str, str],
    words: Words,
    wanted: tuple[Mapping[str, int], Mapping[str, int]],
) -> Form:
    weights = margin.groups if margin else {}
    said, follows = wanted

    def number(group: str) -> str:
        kept = f"{weights[group]:g}" if group in weights else ""
        return typed.get(f"people.{variable.key}.{group}", kept)

    fields = tuple(
        Field(
            group,
            variable.label(group, words.language),
            number(group),
            typed.get(f"wanted.{variable.key}.{group}", str(said.get(group, ""))),
            follows.get(group),
        )
        for group in variable.groups
    )
    percent = bool(weights) and abs(sum(weights.values()) - 100) <= 1
    day = date.fromisoformat(margin.on) if margin else None
    usual = not variable.state
    return Form(variable.key, _title(variable, words), fields, margin, day, own, percent, number(REST), usual)


async def weigh(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/margins`: keep who lives here by one variable, or show each fault at its group."""
    round_ = await desk.seen(request, visitor, Right.LEAD_ROUNDS)
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    rounds, words = backstage_of(request).rounds, pages_of(request).words(request)
    variable = (await asyncio.to_thread(rounds.variables, round_.code)).get(typed.get("variable", ""))
    city = typed.get("for") == CITY
    if variable is None or (city and not visitor.may(EVERY_SERVICE, Right.WEIGH_CITY)):
        raise HTTPException(404)
    lines = list(_lines(variable, typed, words))
    try:
        slips = await asyncio.to_thread(
            rounds.weigh,
            lines,
            typed.get("source", ""),
            typed.get("on", ""),
            code=None if city else round_.code,
            who=visitor.person.id,
            why=typed.get(f"because.{variable.key}", ""),
        )
    except Refused as error:
        said, about = spoken(error, words.language), "because" if _is_of_reason(error) else "source"
        return await _shown(request, visitor, typed, [Error(f"{about}.{variable.key}", said)])
    if not lines:
        nobody = fault(words.language, "margin_nobody", variable=variable.key)
        return await _shown(request, visitor, typed, [Error(f"source.{variable.key}", nobody)])
    errors = [Error(_name(variable, slip.group), slip.said(words.language)) for slip in slips]
    return await _shown(request, visitor, typed, errors) if errors else _back(round_, "margins")


def _is_of_reason(error: Refused) -> bool:
    return isinstance(error, Forbidden) and error.key in REASONS


def _name(variable: Variable, group: str) -> str:
    """Return the field at fault; a fault of the whole stands at the source."""
    return f"people.{variable.key}.{group}" if group else f"source.{variable.key}"


def _lines(variable: Variable, typed: Mapping[str, str], words: Words) -> Iterable[Line]:
    """Give a line for each group that has a number, named as the page names it."""
    percent = typed.get("kind") == "percent"
    for row, group in enumerate([*variable.groups, REST], 1):
        number = typed.get(f"people.{variable.key}.{group}", "").strip()
        label = REST if group == REST else variable.label(group, words.language)
        if number:
            yield Line(row, variable.key, label, number, percent)


async def unweigh(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/margins/forget`: forget what the round says for itself, or what the city says."""
    round_ = await desk.seen(request, visitor, Right.LEAD_ROUNDS)
    typed = {key: str(value) for key, value in (await form_of(request)).items()}
    variable, rounds = typed.get("variable", ""), backstage_of(request).rounds
    own = variable in (await asyncio.to_thread(rounds.aims, round_.code)).margins
    if not own and not visitor.may(EVERY_SERVICE, Right.WEIGH_CITY):
        raise HTTPException(404)
    code, why = round_.code if own else None, typed.get("because", "")
    try:
        await asyncio.to_thread(rounds.unweigh, variable, code=code, who=visitor.person.id, why=why)
    except Refused as error:
        said = spoken(error, pages_of(request).words(request).language)
        return await _shown(request, visitor, {}, [Error(f"because.{variable}", said)])
    return _back(round_, "forgot")


async def aim(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/aims`: keep how many answers are wanted, or show what is no number."""
    round_ = await desk.seen(request, visitor, Right.LEAD_ROUNDS)
    typed = {key: str(value).strip() for key, value in (await form_of(request)).items()}
    rounds, words = backstage_of(request).rounds, pages_of(request).words(request)
    asked = {key: text for key, text in typed.items() if text and (key == "answers" or key.startswith("wanted."))}
    errors = [Error(key, words("turnout.bad_number")) for key, text in asked.items() if not _whole(text)]
    if errors:
        return await _shown(request, visitor, typed, errors)
    answers = asked.pop("answers", None)
    wanted: dict[str, dict[str, int]] = {}
    for key, text in asked.items():
        _, variable, group = key.split(".", 2)
        wanted.setdefault(variable, {})[group] = int(text)
    act, why = rounds.aim, typed.get("because.aims", "")
    count = int(answers) if answers else None
    try:
        await asyncio.to_thread(act, round_.code, count, wanted, who=visitor.person.id, why=why)
    except Refused as error:
        about = "because.aims" if _is_of_reason(error) else "answers"
        return await _shown(request, visitor, typed, [Error(about, spoken(error, words.language))])
    return _back(round_, "aims")


def _whole(text: str) -> bool:
    return text.isdecimal() and len(text) < 9 and int(text) > 0


def _back(round_: RoundView, done: str) -> Response:
    return to(f"/manage/rounds/{round_.code}/turnout?done={done}")
