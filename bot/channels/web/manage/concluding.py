"""After the answers, on the page of a round: notes, issues people raised, who read what, the decision, the end."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from bot.channels.web.manage import form as forms
from bot.channels.web.manage.desk import round_page, seen
from bot.channels.web.manage.doors import form_of
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.errors import Refused
from bot.rights import Right
from bot.rounds.outcome import Decision, KeyIssue, Reading
from bot.rounds.wording import Forbidden, spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import Rounds
    from bot.channels.web.manage.doors import Visitor
    from bot.rounds.tongues import Text


DAYS = ("not_a_date", "not_yet", "before_closed", "before_read")
"""Rules about a day."""
AT_FAULT = {
    "response": "issue-response",
    "reason": "issue-reason",
    "not_changed": "issue-changed",
    "bad_people": "issue-people",
    "read_what": "read-what",
    "reasons": "decision-reasons",
    "not_chosen": "decision-not-chosen",
    "no_reader": "readers",
}
"""The field that a rule is about, by its key or by what it asks for."""


async def note(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/note`: a complaint, an outage or a remark for the log."""
    return await _done(request, visitor, "noted", "note-text", _note)


async def issue(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/issue`: something people raised, with the answer to it, or one written anew."""
    return await _done(request, visitor, "issue", "issue-said", _issue)


async def read(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/read`: somebody who decides has read a report."""
    return await _done(request, visitor, "read", "read-who", _read, "read-on")


async def analyse(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/analyse`: what the answers say."""
    return await _done(request, visitor, "analysed", "analysis-text", _analyse)


async def decide(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/decide`: what was decided, and why."""
    return await _done(request, visitor, "decided", "decision-text", _decide, "decision-on")


async def archive(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/archive`: what was learnt; then nothing changes any more."""
    return await _done(request, visitor, "archived", "lessons", _archive)


def _note(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.note(code, typed.get("note-what", ""), typed.get("note-text", ""), who=who)


def _issue(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    said, response, reason = _worded(rounds, code, typed, "issue-said", "issue-response", "issue-reason")
    raised = KeyIssue(said, _people(typed.get("issue-people", "")), response, typed.get("issue-changed", ""), reason)
    number = typed.get("issue-number", "")
    rounds.raise_issue(code, raised, number=int(number) if re.fullmatch("[0-9]{1,4}", number) else None, who=who)


def _people(typed: str) -> int | None:
    """Return how many raised an issue; None: nobody counted. Raises `Refused` for what is no number of people."""
    if not typed:
        return None
    if not re.fullmatch("[0-9]{1,9}", typed) or not int(typed):
        raise Forbidden("bad_people")
    return int(typed)


def _worded(rounds: Rounds, code: str, typed: dict[str, str], *names: str) -> list[Text]:
    """Return what was typed into fields that have a place for each language of the round."""
    languages = rounds.played(code).languages
    return [{one: typed.get(f"{name}.{one}", "") for one in languages} for name in names]


def _read(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.read(code, Reading(*(typed.get(f"read-{name}", "") for name in ("who", "what", "on"))), who=who)


def _analyse(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.analyse(code, typed.get("analysis-text", ""), who=who)


def _decide(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    names = ("decision-text", "decision-reasons", "decision-not-chosen")
    text, reasons, not_chosen = _worded(rounds, code, typed, *names)
    rounds.decide(code, Decision(text, typed.get("decision-on", ""), reasons, not_chosen), who=who)


def _archive(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.archive(code, typed.get("lessons", ""), who=who)


async def _done(
    request: Request,
    visitor: Visitor,
    done: str,
    field: str,
    act: Callable[[Rounds, str, dict[str, str], int], None],
    day: str = "",
) -> Response:
    """Do it with what was typed, or show what is wrong at its field, above the same words.

    What is about a day is said at the field `day`, what is about nothing else at `field`.
    """
    round_ = await seen(request, visitor, Right.LEAD_ROUNDS)
    typed = {key: str(value).replace("\r\n", "\n").strip() for key, value in (await form_of(request)).items()}
    try:
        await asyncio.to_thread(act, backstage_of(request).rounds, round_.code, typed, visitor.person.id)
    except Refused as error:
        said = spoken(error, pages_of(request).words(request).language)
        wrong = forms.Error(_at(error, day) or field, said)
        return await round_page(request, visitor, errors=[wrong], typed=typed)
    return to(f"/manage/rounds/{round_.code}?done={done}")


def _at(error: Refused, day: str) -> str:
    """Return the field that a rule is about; empty where it is about none in particular."""
    if not isinstance(error, Forbidden):
        return ""
    return day if error.key in DAYS else AT_FAULT.get(error.key) or AT_FAULT.get(error.about, "")
