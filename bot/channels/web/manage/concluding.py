"""After the answers, on the page of a round: notes, issues people raised, who read what, the decision, the end."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from bot.channels.web.manage import form as forms
from bot.channels.web.manage.desk import round_page, seen
from bot.channels.web.manage.doors import ORGANISER, form_of
from bot.channels.web.pages import backstage_of, pages_of, to
from bot.errors import Refused
from bot.rounds.outcome import Decision, KeyIssue, Reading
from bot.rounds.wording import spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import Rounds
    from bot.channels.web.manage.doors import Visitor


async def note(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/note`: a complaint, an outage or a remark for the log."""
    return await _done(request, visitor, "noted", "note-text", _note)


async def issue(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/issue`: something people raised, with the answer to it."""
    return await _done(request, visitor, "issue", "issue-said", _issue)


async def read(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/read`: somebody who decides has read a report."""
    return await _done(request, visitor, "read", "read-who", _read)


async def analyse(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/analyse`: what the answers say."""
    return await _done(request, visitor, "analysed", "analysis-text", _analyse)


async def decide(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/decide`: what was decided, and why."""
    return await _done(request, visitor, "decided", "decision-text", _decide)


async def archive(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/archive`: what was learnt; then nothing changes any more."""
    return await _done(request, visitor, "archived", "lessons", _archive)


def _note(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.note(code, typed.get("note-what", ""), typed.get("note-text", ""), who=who)


def _issue(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    people = typed.get("issue-people", "")
    raised = KeyIssue(
        typed.get("issue-said", ""),
        int(people) or None if re.fullmatch(r"[0-9]{1,9}", people) else None,
        typed.get("issue-response", ""),
        typed.get("issue-changed", ""),
        typed.get("issue-reason", ""),
    )
    rounds.raise_issue(code, raised, who=who)


def _read(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.read(code, Reading(*(typed.get(f"read-{name}", "") for name in ("who", "what", "on"))), who=who)


def _analyse(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.analyse(code, typed.get("analysis-text", ""), who=who)


def _decide(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    said = (typed.get(f"decision-{name}", "") for name in ("text", "on", "reasons", "not-chosen"))
    rounds.decide(code, Decision(*said), who=who)


def _archive(rounds: Rounds, code: str, typed: dict[str, str], who: int) -> None:
    rounds.archive(code, typed.get("lessons", ""), who=who)


async def _done(
    request: Request,
    visitor: Visitor,
    done: str,
    field: str,
    act: Callable[[Rounds, str, dict[str, str], int], None],
) -> Response:
    """Do it with what was typed, or show what is wrong above the same words."""
    round_ = await seen(request, visitor, ORGANISER)
    typed = {key: str(value).replace("\r\n", "\n").strip() for key, value in (await form_of(request)).items()}
    try:
        await asyncio.to_thread(act, backstage_of(request).rounds, round_.code, typed, visitor.person.id)
    except Refused as error:
        wrong = forms.Error(field, spoken(error, pages_of(request).words(request).language))
        return await round_page(request, visitor, errors=[wrong], typed=typed)
    return to(f"/manage/rounds/{round_.code}?done={done}")
