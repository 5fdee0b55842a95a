"""What comes after a round, in the chat: issues, who has read what, the findings, the decision, what was learnt.

Each is written in one message, so that nothing half said is kept anywhere: its parts stand apart by an empty line, or
on a line each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from bot.errors import Refused
from bot.menu.acts import Act, possible, standing
from bot.menu.drafting import Drafting
from bot.rounds import legal
from bot.rounds.outcome import CHANGED, Decision, KeyIssue, Reading
from bot.rounds.wording import spoken
from flows.model import Button
from flows.words import clean

if TYPE_CHECKING:
    from datetime import date

    from bot.menu.worker import Worker
    from bot.rounds.looking import RoundView
    from bot.rounds.tongues import Text
    from flows.model import Prompt

TELLING: Final = "o:told"
"""The menu may be waiting for: something that came of a round."""
AFTER: Final = frozenset({Act.ISSUE, Act.READING, Act.ANALYSE, Act.DECIDE, Act.ARCHIVE})
"""What is told once a round has been answered."""
_LETTERS: Final = {changed[0]: changed for changed in CHANGED}
"""One letter for whether an issue has changed anything: what waits in a chat has forty."""
_APART: Final = re.compile(r"\n\s*\n")


class After(Drafting):
    """Screens on which organisers tell what came of a round."""

    def after(self, worker: Worker, round_: RoundView, act: Act, how: str = "", above: str = "") -> Prompt:
        """Ask for what is to be told; of an issue first whether it changes anything: `how` is a letter of `yes`, …."""
        if act not in AFTER & set(possible(standing(worker, round_, worker.visit.ledger.now))):
            return self.stale(worker, round_)
        back = worker.button("back", "round", round_.code)
        if act is Act.ISSUE and how not in _LETTERS:
            ways = [
                Button(worker.text(f"changed_{changed}"), f"@o:told:{round_.code}:{letter}")
                for letter, changed in _LETTERS.items()
            ]
            return worker.screen(worker.text("ask_changed"), *ways, back)
        worker.waits(f"{TELLING} {act}{how and '.'}{how} {round_.code}")
        known = worker.rounds.evaluation(round_.code, worker.language) if act is Act.ARCHIVE else []
        asked = [worker.text(f"ask_{act}"), *_listed(worker, _parts(round_, act, how)), *(f"– {one}" for one in known)]
        return worker.screen([above, *asked], back)

    def told(self, worker: Worker, what: str, code: str) -> Prompt:
        """Take what was written; what lacks a part is asked for again, and what the rules forbid is said kindly."""
        round_, (name, _, how) = self.seen(worker, code), what.partition(".")
        if round_ is None or name not in AFTER:
            worker.waits(None)
            return self.gone(worker)
        act = Act(name)
        if act not in possible(standing(worker, round_, worker.visit.ledger.now)):
            return self.stale(worker, round_)
        wanted = _parts(round_, act, how)
        parts = _split(clean(worker.visit.message.text), len(wanted))
        if len(parts) != len(wanted):
            return self.after(worker, round_, act, how, worker.text("parts_missing"))
        said = dict(zip(wanted, parts, strict=True))
        day = self.day_in(worker, said["day"], past=True) if "day" in said else None
        if "day" in said and day is None:
            return self.after(worker, round_, act, how, worker.text("part_no_day", said=said["day"]))
        try:
            _keep(worker, round_, act, said, _LETTERS.get(how, ""), day)
        except Refused as refused:
            above = worker.text("refused", why=spoken(refused, worker.language))
            return self.after(worker, round_, act, how, above)
        worker.waits(None)
        return self.round(worker, worker.rounds.find(round_.code) or round_, worker.text("done"), "")


def _parts(round_: RoundView, act: Act, how: str) -> tuple[str, ...]:
    """Return what a message must say, part by part."""
    match act:
        case Act.ISSUE:
            return ("issue", "response") if _LETTERS.get(how) == "yes" else ("issue", "response", "reason")
        case Act.READING:
            return ("reader", "read", "day")
        case Act.DECIDE if legal.consults(round_.record):
            return ("decision", "reasons", "not_chosen", "day")
        case Act.DECIDE:
            return ("decision", "reasons", "day")
        case _:
            return ("all",)


def _listed(worker: Worker, parts: tuple[str, ...]) -> list[str]:
    """Return the parts of a message in words, and how to tell them apart; nothing of one that is a whole."""
    if len(parts) == 1:
        return []
    return [*(f"{n}. {worker.text(f'part_{part}')}" for n, part in enumerate(parts, 1)), worker.text("ask_parts")]


def _split(text: str, into: int) -> list[str]:
    """Return the parts of a message: one alone is the whole."""
    if into == 1:
        return [text.strip()] if text.strip() else []
    apart = [part.strip() for part in _APART.split(text) if part.strip()]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines if len(apart) == 1 and len(lines) == into else apart


def _keep(worker: Worker, round_: RoundView, act: Act, said: dict[str, str], changed: str, day: date | None) -> None:
    """Write it down. Raises `Refused` where the rules forbid it."""
    rounds, code, who, on = worker.rounds, round_.code, worker.person, day.isoformat() if day else ""
    match act:
        case Act.ISSUE:
            issue, response, reason = (_in(worker, said.get(part, "")) for part in ("issue", "response", "reason"))
            rounds.raise_issue(code, KeyIssue(issue, None, response, changed, reason), who=who)
        case Act.READING:
            rounds.read(code, Reading(said["reader"], said["read"], on), who=who)
        case Act.ANALYSE:
            rounds.analyse(code, said["all"], who=who)
        case Act.DECIDE:
            rounds.decide(code, _decision(round_, said, on, worker.language), who=who)
        case Act.ARCHIVE:
            rounds.archive(code, said["all"], who=who)
        case _:
            raise ValueError(act)


def _decision(round_: RoundView, said: dict[str, str], on: str, language: str) -> Decision:
    """Return the decision as it was written; what it said before in other languages stays beside it."""
    old = round_.outcome.decision or Decision("", "", "", "")
    return Decision(
        _beside(old.text, said["decision"], language),
        on,
        _beside(old.reasons, said["reasons"], language),
        _beside(old.not_chosen, said["not_chosen"], language) if "not_chosen" in said else old.not_chosen,
    )


def _in(worker: Worker, text: str) -> Text:
    """Return a text as it is kept: in the language it was written in, so that gaps in others are seen."""
    return {worker.language: text} if text else ""


def _beside(before: Text, text: str, language: str) -> Text:
    return {**before, language: text} if isinstance(before, Mapping) else {language: text}
