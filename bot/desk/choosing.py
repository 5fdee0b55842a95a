"""What is open: which rounds somebody can choose from, and between which they can go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.menu import worker
from bot.rounds import record
from bot.rounds.lifecycle import State
from flows.model import Button, Prompt, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.desk.hall import Hall, Prompts, Visit
    from storage.rounds import RoundRow


MANY = 8
"""With more open rounds than this, people choose the service first."""
CHOOSING, SWITCHING = "choose", "switch"
"""What the desk may be waiting for here."""


class Choosing:
    """Offers what is open."""

    def __init__(self, hall: Hall) -> None:
        self._hall, self._library = hall, hall.library

    def going(self, visit: Visit) -> list[RoundRow]:
        """Return the open rounds whose sessions go on, the one last talked about first."""
        active = [each for each in reversed(visit.guest.rows) if visit.guest.status(each) == Status.ACTIVE]
        if len(active) <= 1:  # nearly always: then there is nothing to look up
            return [visit.ledger.open_rounds[each] for each in active if each in visit.ledger.open_rounds]
        rows = (self._hall.row(visit, round_id) for round_id in active)
        return [row for row in rows if row is not None and row.state == State.OPEN]

    def switch(self, visit: Visit, going: Sequence[RoundRow]) -> Prompts:
        """Ask which of several rounds to go on with."""
        visit.ledger.change(visit.guest, asks=SWITCHING)
        buttons = tuple(Button(label, f"@round:{row.code}") for row, label in self.labelled(visit, going))
        return (Prompt(self._hall.say(visit, "open_choose").text, buttons),)

    def choices(self, visit: Visit, *, service: str | None = None, greet: bool = False) -> Prompts:
        """Return the open rounds to choose from; with very many, the services."""
        offered = self.offered(visit, service)
        contact = visit.guest.contact
        greeting = "welcome" if contact.first_seen_at == contact.last_seen_at else "welcome_back"
        hello = (self._hall.say(visit, greeting, org=self._hall.config.city.speaker(visit.language)),) if greet else ()
        if not offered:
            human = self._hall.config.city.human_contact
            return (*hello, self._hall.say(visit, "open_none", human_contact=human))
        visit.ledger.change(visit.guest, asks=self._choosing(service))
        buttons = tuple(Button(label, data) for label, data in offered)
        return (*hello, Prompt(self._hall.say(visit, "open_choose").text, buttons))

    def offered(self, visit: Visit, service: str | None = None) -> list[tuple[str, str]]:
        """Return (label, button data) of what can be chosen."""
        open_rounds = [row for row in visit.ledger.open_rounds.values() if service in {None, row.service}]
        keys = list(dict.fromkeys(row.service for row in open_rounds))
        if service is None and len(open_rounds) > MANY and len(keys) > 1:
            names = {each.key: each.label(visit.language) for each in self._hall.config.services}
            return [(names.get(key, key), f"@service:{worker.mark_of(key)}") for key in keys]
        return [(label, f"@round:{row.code}") for row, label in self.labelled(visit, open_rounds)]

    @staticmethod
    def _choosing(service: str | None) -> str:
        """Return what to wait for: a choice, where it is among the rounds of one service also the service's mark."""
        return CHOOSING if service is None else f"{CHOOSING} {worker.mark_of(service)}"

    @staticmethod
    def among(visit: Visit, asks: str) -> str | None:
        """Return the service whose rounds are to be chosen from; None for all, empty where it has no open ones."""
        _, _, mark = asks.partition(" ")
        keys = {row.service for row in visit.ledger.open_rounds.values()}
        return (worker.named(keys, mark) or "") if mark else None

    def labelled(self, visit: Visit, rows: Sequence[RoundRow]) -> list[tuple[RoundRow, str]]:
        """Return rounds with how each is offered; those that would read the same, by their titles."""
        labels = [self._label(visit, row) for row in rows]
        titles = [record.title(record.load(row.record), row.title, visit.language) for row in rows]
        told = [title if labels.count(label) > 1 else label for label, title in zip(labels, titles, strict=True)]
        return list(zip(rows, told, strict=True))

    def _label(self, visit: Visit, row: RoundRow) -> str:
        """Return how a round is offered: by its topic and end, or by its service where it runs without end."""
        values = self._hall.values(visit, row)
        if self._library.shown(visit.db, row).running or not values.get("closes_on"):
            return self._hall.say(visit, "open_service", service=self._hall.service_name(visit, row.service)).text
        label = self._hall.say(visit, "open_round", **({"topic": row.title} | values)).text
        return label[:1].upper() + label[1:]
