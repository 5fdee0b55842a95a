"""The menu of staff: which screen a command, a button or a text leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.menu import assessing, deeding, judging, sorting
from bot.menu.acts import Act
from bot.menu.after import AFTER, TELLING
from bot.menu.drafting import DAY, EDIT, FIELD, LAST, TITLE
from bot.menu.manuscripts import PAPER, TRYING, Manuscripts
from bot.menu.steering import STALE, SURE, WHY, act_of
from bot.menu.worker import Worker, number
from bot.rights import Right

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.desk.hall import Prompts, Visit
    from bot.rounds.looking import RoundView
    from flows.model import Prompt

COMMAND = "/organise"
WAITING = "o:"
"""What everything begins with that the menu may be waiting for."""


class Menu(Manuscripts):
    """The menu. Whoever has no role does not learn that there is one."""

    def called(self, visit: Visit) -> Prompt | None:
        """Return the first screen, or what is said to a file; None for anything else, and for strangers."""
        command = visit.message.text.partition(" ")[0]
        opens = command in {COMMAND, assessing.COMMAND}
        worker = Worker.of(visit, self._rounds) if opens or visit.inbound.document else None
        if worker is None:
            return None
        if not opens:
            return self.sent(worker)
        self._stops_waiting(worker)
        return self.home(worker) if command == COMMAND else self._assessing.home(worker)

    # ----------------------------------------------------------------- buttons

    def tapped(self, visit: Visit, value: str) -> Prompts | None:
        """Return the screen that a button leads to; None for whoever has no role."""
        worker = Worker.of(visit, self._rounds)
        if worker is None:
            return None
        kind, *rest = value.split(":")
        if kind != "yes":
            self._stops_waiting(worker)
        if kind == assessing.TO and rest and (screens := self._assessing.tapped(worker, rest)):
            return screens
        if kind == sorting.TO and (screen := self._sorting.tapped(worker, rest)):
            return (screen,)
        if kind == judging.TO and (screen := self._judging.tapped(worker, rest)):
            return (screen,)
        if kind == deeding.TO and self._deeding and (screen := self._deeding.tapped(worker, rest)):
            return (screen,)
        leads = worker.may_somewhere(Right.LEAD_ROUNDS)
        if kind == "try" and leads and (manuscript := self.mine(worker, "".join(rest))):
            return self.rehearse(worker, manuscript)
        if kind == "look" and rest and (round_ := self.seen(worker, rest[0])) is not None:
            return self.look(worker, round_)
        return (self._general(worker, kind, rest) or self._of_round(worker, kind, rest) or self.gone(worker),)

    @staticmethod
    def _stops_waiting(worker: Worker) -> None:
        if (worker.visit.guest.contact.asks or "").startswith(WAITING):
            worker.waits(None)

    def _general(self, worker: Worker, kind: str, rest: list[str]) -> Prompt | None:
        match kind, rest:
            case "home", []:
                return self.home(worker)
            case "browser", []:
                return self.browser(worker)
            case "list", [page] if worker.may_somewhere(Right.SEE_ROUNDS):
                return self.listed(worker, number(page))
            case _ if worker.may_somewhere(Right.LEAD_ROUNDS):
                return self._of_new(worker, kind, rest)
            case _:
                return None

    def _of_new(self, worker: Worker, kind: str, rest: list[str]) -> Prompt | None:
        match kind, rest:
            case "new", [page]:
                return self.flows(worker, number(page))
            case "flow", [flow, *page]:
                return self.flow(worker, flow, number("".join(page)))
            case "service", [flow, service]:
                return self.titled(worker, flow, service)
            case "file", []:
                return self.asked_for_file(worker)
            case "publish", [which]:
                manuscript = self.mine(worker, which)
                return None if manuscript is None else self.publish(worker, manuscript)
            case _:
                return None

    def _of_round(self, worker: Worker, kind: str, rest: list[str]) -> Prompt | None:
        round_ = self.seen(worker, rest[0]) if rest else None
        if round_ is None:
            return None
        return self._steered(worker, round_, kind, rest[1:]) or self._written(worker, round_, kind, rest[1:])

    def _steered(self, worker: Worker, round_: RoundView, kind: str, rest: list[str]) -> Prompt | None:
        match kind, rest:
            case "round", []:
                return self.round(worker, round_)
            case "figures", []:
                return self.figures(worker, round_)
            case "read", []:
                return self.read(worker, round_)
            case "page", []:
                return self.browser(worker, round_)
            case "do", [what]:
                act, seen = act_of(what)
                return None if act is None else self._asked_for(worker, round_, act, seen)
            case "told", [how]:
                return self.after(worker, round_, Act.ISSUE, how)
            case "span", [days]:
                return self.span(worker, round_, days)
            case "yes", [what]:
                return self.yes(worker, round_, what)
            case "no", []:
                return self.no(worker, round_)
            case _:
                return None

    def _asked_for(self, worker: Worker, round_: RoundView, act: Act, seen: int) -> Prompt:
        """Lead to what an act needs first; the button of one that is not possible any more is refused."""
        if act in AFTER:
            return self.after(worker, round_, act)
        needs: dict[Act, Callable[[Worker, RoundView], Prompt]] = {
            Act.FILL: self.next,
            Act.CHANGE: self.changing,
            Act.DAY: self.day_asked,
        }
        return (
            needs[act](worker, round_)
            if act in needs and self.writes(worker, round_)
            else self.ask(worker, round_, act, seen)
        )

    def _written(self, worker: Worker, round_: RoundView, kind: str, rest: list[str]) -> Prompt | None:
        if not self.writes(worker, round_):
            return self.stale(worker, round_)
        match kind, rest:
            case "whom", [audience]:
                return self.took_whom(worker, round_, audience)
            case "long", [weeks]:
                return self.took_long(worker, round_, weeks)
            case "paper", []:
                return self.paper(worker, round_)
            case "edit", [what]:
                return self.edit(worker, round_, what)
            case "today", []:
                return self.took_today(worker, round_)
            case "set", [mark, place]:
                return self.chose(worker, round_, mark, place)
            case "keep", [mark]:
                return self.keep(worker, round_, mark)
            case "skip", [mark]:
                return self.next(worker, round_, self.marked(worker, round_, mark))
            case _:
                return None

    # ----------------------------------------------------------------- files and rehearsals

    def rehearsed(self, visit: Visit) -> Prompts | None:
        """Take a message as the next one of a rehearsal; None where none goes on, or it is for somebody else."""
        kind, _, which = (visit.guest.contact.asks or "").partition(" ")
        worker = Worker.of(visit, self._rounds) if kind in {TRYING, assessing.ASSESSING} else None
        if worker is None or visit.inbound.edited:
            return None
        heard = self.tried if kind == TRYING else self._assessing.heard
        return heard(worker, which, visit.message)

    # ----------------------------------------------------------------- texts

    def heard(self, visit: Visit, asks: str, word: str | None) -> Prompt | None:
        """Take a text as what the menu waits for; `word` is what it means everywhere. None: it is for somebody else."""
        worker = Worker.of(visit, self._rounds)
        if worker is None:
            return None
        kind, *rest = asks.split()
        if kind == judging.WRITING:
            return self._judging.heard(worker, rest, back=word == "back")
        if word == "back" and kind == sorting.NAMING:
            return self._sorting.heard(worker, "".join(rest), back=True)
        if word == "back":
            worker.waits(None)
            return self._behind(worker, kind, rest)
        match kind, rest:
            case _ if kind == SURE:
                return self._sure_again(worker, rest, word)
            case _ if kind == sorting.NAMING:
                return self._sorting.heard(worker, "".join(rest))
            case _ if kind == deeding.WRITING:
                return (self._deeding.heard(worker, rest) if self._deeding else None) or self.gone(worker)
            case _ if take := {WHY: self.why, TELLING: self.told, TITLE: self.create}.get(kind):
                return take(worker, *rest)
            case _ if kind in STALE:
                return self._outdated(worker, rest[-1])
            case _:
                return self._field(worker, kind, rest, word)

    def _behind(self, worker: Worker, kind: str, rest: list[str]) -> Prompt:
        """Return the screen behind what was asked."""
        round_ = self.seen(worker, rest[0] if kind in {FIELD, DAY, EDIT} else rest[-1])
        if round_ is None:
            return self.flows(worker, 0) if kind == TITLE else self.home(worker)
        return self.round(worker, round_)

    def _outdated(self, worker: Worker, code: str) -> Prompt:
        """Refuse gently what was asked for before the program was renewed."""
        worker.waits(None)
        round_ = self.seen(worker, code)
        return self.gone(worker) if round_ is None else self.stale(worker, round_)

    def _sure_again(self, worker: Worker, rest: list[str], word: str | None) -> Prompt | None:
        """Take a typed yes or no; anything else leaves what was asked, and is for somebody else."""
        round_ = self.seen(worker, rest[1])
        if round_ is not None and word in {"yes", "ok"}:
            return self.yes(worker, round_, rest[0])
        worker.waits(None)
        return self.no(worker, round_) if round_ is not None and word == "no" else None

    def _field(self, worker: Worker, kind: str, rest: list[str], word: str | None) -> Prompt | None:
        round_ = self.seen(worker, rest[0])
        if round_ is None or not self.writes(worker, round_):
            worker.waits(None)
            return self.gone(worker) if round_ is None else self.stale(worker, round_)
        if kind == DAY:
            return self.took_day(worker, round_)
        if kind == LAST:
            return self.took_last(worker, round_)
        if kind == EDIT:
            return self.took_words(worker, round_, rest[1])
        if kind == PAPER:
            return self.paper(worker, round_)
        if word == "skip":
            return self.next(worker, round_, self.marked(worker, round_, rest[1]))
        return self.wrote(worker, round_, rest[1])
