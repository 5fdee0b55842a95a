"""What becomes of a round, as a citizen is told: that it rests or is over, why, and what came of their answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot import erasure
from bot.rounds import outcome, promise, record, report_back
from bot.rounds.lifecycle import ANNOUNCED, State
from flows.model import Prompt
from flows.words import fill
from storage import rounds, sessions, trail, wishes

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from bot.desk.hall import Hall, Prompts, Visit
    from storage.rounds import RoundRow


_FATE: Mapping[str, str] = {
    State.PAUSED: "paused",
    State.CLOSED: "closed",
    State.ANALYSED: "analysed",
    State.DECIDED: "decided",
    State.REPORTED_BACK: "reported",
    State.ARCHIVED: "reported",
    State.CANCELLED: "cancelled",
}
"""Where answers have got to, by the state of their round."""
_DATED: Mapping[str, str] = {
    "mine_open": "closes_on",
    "mine_closed": "feedback_on",
    "mine_analysed": "feedback_on",
    "mine_decided": "feedback_on",
}
"""The day that is said with it, where there is one."""


class Fates:
    """Says how a round stands."""

    def __init__(self, hall: Hall) -> None:
        self._hall, self._library = hall, hall.library

    def closed(self, visit: Visit, row: RoundRow) -> Prompt:
        """Say why a round takes no answers."""
        if row.state in {State.PAUSED, State.CANCELLED}:
            return self._with_reason(visit, row, self._hall.say(visit, f"round_{row.state}"))
        values = self._told(visit, row)
        if row.report:
            return self._hall.say(visit, "round_closed_published", **values)
        if values.get("feedback_on"):
            return self._hall.say(visit, f"round_closed_{'late' if self._late(visit, row) else 'feedback'}", **values)
        return self._hall.say(visit, "round_closed", **values)

    def _with_reason(self, visit: Visit, row: RoundRow, said: Prompt) -> Prompt:
        """Add why a round was given up that everybody could see."""
        log = trail.of(visit.db, row.id) if row.state == State.CANCELLED else []
        if not any(each.what in ANNOUNCED for each in log):
            return said
        why = report_back.public_reason(log, self._library.shown(visit.db, row).language)
        more = report_back.reason(self._library, why, visit.language) if why else ""
        return replace(said, text=f"{said.text}\n\n{more}".strip())

    def _told(self, visit: Visit, row: RoundRow) -> dict[str, Any]:
        """Return what is said of a round as a whole."""
        human, topic = self._hall.config.city.human_contact, self._hall.topic(visit, row)
        ours = {"topic": topic, "closes_on": self._hall.closing(visit, row), "human_contact": human}
        return self._hall.values(visit, row) | ours

    def _late(self, visit: Visit, row: RoundRow) -> bool:
        """Whether the day for which the result was promised is over."""
        day = promise.promised(row)
        return day is not None and day < visit.ledger.now.astimezone(self._hall.config.city.zone).date()

    def mine(self, visit: Visit) -> Prompts:
        """Say of each round somebody has handed in answers for, or is to hear the result of, what has come of it."""
        visit.ledger.flush(visit.db)
        contact = visit.guest.contact
        ended = [each.round_id for each in sessions.all_of(visit.db, contact.id) if each.finished]
        done = list(dict.fromkeys((*ended, *erasure.counted(visit.db, self._library, contact))))
        found = [*(self._hall.row(visit, round_id) for round_id in done), *self._wished(visit, {*done})]
        said = tuple(self._came_of(visit, row) for row in found if row is not None)
        return (*(said or (self._hall.say(visit, "mine_none"),)), *self._hall.back(visit))

    def _wished(self, visit: Visit, but: Container[int]) -> list[RoundRow]:
        """Return the rounds that are over whose result somebody wished for: no answers link them to these any more."""
        wished = [round_id for round_id, _ in wishes.of_contact(visit.db, visit.guest.contact.id)]
        known = sorted({*wished, *rounds.told_of(visit.db, visit.guest.contact.id)})
        rows = (self._hall.row(visit, round_id) for round_id in known if round_id not in but)
        return [row for row in rows if row is not None and row.state in _FATE and row.state != State.PAUSED]

    def _came_of(self, visit: Visit, row: RoundRow) -> Prompt:
        values = self._told(visit, row)
        stem = f"mine_{_FATE.get(row.state, 'open')}"
        dated = _DATED.get(stem)
        if dated is not None and not values.get(dated):
            stem = f"{stem}_plain"
        elif dated == "feedback_on" and self._late(visit, row):
            stem = f"{stem}_late"
        said = self._hall.say(visit, stem, **values)
        said = Prompt(f"{said.text[:1].upper()}{said.text[1:]}")
        if row.report:
            return Prompt(f"{said.text}\n\n{self._reported(visit, row)}")
        return self._with_reason(visit, row, said)

    def _reported(self, visit: Visit, row: RoundRow) -> str:
        """Return what came of a round as it was published, with who answers for it."""
        signed = outcome.load(row.outcome).signed
        report = record.load(row.report or "{}")
        said = report_back.published(self._library, row, report, visit.language)
        head = fill(self._library.phrases[visit.language]["report_back_signed"], {"name": signed}) if signed else ""
        return f"{said}\n\n{head}".strip()

    def fixed(self, visit: Visit, row: RoundRow) -> Prompt:
        """Say why answers cannot be changed: the round rests, or is over."""
        if row.state == State.PAUSED:
            return self.closed(visit, row)
        return self._hall.say(visit, "change_closed", closes_on=self._hall.closing(visit, row))
