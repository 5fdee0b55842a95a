"""How a round is steered from the chat: each act asks once more, and is done in the transaction of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.errors import Refused
from bot.menu.acts import (
    REASONED,
    SPANS,
    Act,
    borrowing,
    do,
    drafts,
    end_on,
    later_end,
    mark,
    number_of,
    possible,
    standing,
    whole,
)
from bot.menu.showing import Showing
from bot.menu.worker import number
from bot.rights import Right
from bot.rounds.acting import LONGEST, fits
from bot.rounds.concluding import SIGNATURE
from bot.rounds.lifecycle import BEGINNING, RUNNING
from bot.rounds.wording import spoken
from bot.texts import texts
from flows.model import Button, Prompt
from flows.words import clean

if TYPE_CHECKING:
    from datetime import datetime

    from bot.menu.worker import Worker
    from bot.rounds.looking import RoundView

SURE, WHY = "o:s", "o:w"
"""What the menu may be waiting for: Yes or No to an act, the reason for one."""
STALE = frozenset({"o:sure", "o:why"})
"""The same as earlier versions kept it, without what was asked about: nothing is done for it any more."""


class Steering(Showing):
    """Screens that act on a round."""

    def ask(self, worker: Worker, round_: RoundView, act: Act, seen: int = 0) -> Prompt:
        """Ask once more before an act; what cannot be done any more shows how the round stands now.

        `seen` is the last entry of the round's log that whoever signs has seen.
        """
        if act not in possible(standing(worker, round_, worker.visit.ledger.now)):
            return self.stale(worker, round_)
        match act:
            case Act.EXTEND:
                return self._spans(worker, round_)
            case Act.REPORT if not whole(worker, round_):
                back = worker.button("back", "round", round_.code)
                text = [worker.text("report_unfinished"), "", *_drafted(worker, round_)]
                return worker.screen(text, worker.button("page", "page", round_.code), back)
            case Act.REPORT:
                return self._sure(worker, round_, act, mark(drafts(worker, round_)))
            case _:
                return self._sure(worker, round_, act, seen)

    def stale(self, worker: Worker, round_: RoundView) -> Prompt:
        """Refuse a button gently that is older than what has become of its round."""
        worker.waits(None)
        return self.round(worker, round_, worker.text("old"), "")

    def _spans(self, worker: Worker, round_: RoundView) -> Prompt:
        days = [
            Button(self.last_day(worker, self._later(worker, round_, span)), f"@o:span:{round_.code}:{span}")
            for span in SPANS
        ]
        back = worker.button("back", "round", round_.code)
        return worker.screen(worker.text("ask_span", title=round_.title), *days, back)

    def span(self, worker: Worker, round_: RoundView, days: str) -> Prompt:
        """Ask once more before the end of a round is moved by so many days."""
        if number(days) not in SPANS or Act.EXTEND not in possible(standing(worker, round_, worker.visit.ledger.now)):
            return self.stale(worker, round_)
        ends = self._later(worker, round_, number(days))
        try:
            worker.rounds.keeps_promises(round_.code, ends)
        except Refused as refused:
            return self._promised(worker, round_, spoken(refused, worker.language))
        return self._sure(worker, round_, Act.EXTEND, number_of(ends, self._config.city.zone))

    @staticmethod
    def _promised(worker: Worker, round_: RoundView, why: str) -> Prompt:
        """Say which promise a later end would break, and where both are moved: nothing is typed in vain."""
        page = worker.button("page", "page", round_.code)
        back = worker.button("back", "do", round_.code, Act.EXTEND)
        return worker.screen([worker.text("refused", why=why), worker.text("extend_page")], page, back)

    def _sure(self, worker: Worker, round_: RoundView, act: Act, what: int) -> Prompt:
        """Ask about an act, and about `what`: the last day, the mark of a report, or an entry of the round's log."""
        worker.waits(_waited(SURE, act, what, round_.code))
        yes = worker.button("yes", "yes", round_.code, f"{act}{what or ''}")
        no = worker.button("no", "no", round_.code)
        page = (
            [worker.button("page", "page", round_.code)] if act is Act.REPORT and self._unsaid(worker, round_) else []
        )
        return worker.screen(self._question(worker, round_, act, what), yes, no, *page)

    def _question(self, worker: Worker, round_: RoundView, act: Act, what: int) -> list[str]:
        """Return what an act means for people, before it is done."""
        ends = self.last_day(worker, self._confirmed(worker, round_, what)) if act is Act.EXTEND else ""
        opens = self.day(worker, round_.opens_at)
        asked = worker.text(f"sure_{act}", title=round_.title, ends=ends, opens=opens)
        match act:
            case Act.SIGN:
                return [asked, *self.meant(worker, round_)]
            case Act.OPEN | Act.SCHEDULE:
                far = worker.rounds.unreachable(worker.language)
                return [asked, self.asked(worker, round_), *([f"{far[:1].upper()}{far[1:]}."] if far else [])]
            case Act.CLOSE | Act.PAUSE | Act.CANCEL:
                return [asked, self._amid(worker, round_)]
            case Act.REPORT:
                names = self._unsaid(worker, round_)
                gaps = worker.text("report_languages", languages=", ".join(names)) if names else ""
                return [*_drafted(worker, round_), "", gaps, asked]
            case Act.EXTEND if signed := worker.rounds.signature(round_.code) if round_.state in BEGINNING else None:
                return [asked, worker.text("signed", name=signed.who)]
            case Act.EXTEND if round_.closes_at is not None and round_.state in RUNNING:
                kept = worker.rounds.facts(round_.code, worker.language).get("keep_until", "")
                return [asked, worker.text("sure_extend_kept", day=kept) if kept else ""]
            case _:
                return [asked]

    def _unsaid(self, worker: Worker, round_: RoundView) -> list[str]:
        """Return the languages in which the report has words of another, as they call themselves."""
        return [self._library.phrases[one].get("language_name", one) for one in borrowing(worker, round_)]

    @staticmethod
    def _amid(worker: Worker, round_: RoundView) -> str:
        """Return how many people are in the middle of a round."""
        active = worker.rounds.counts(round_.code).active
        return worker.text("amid", people=texts(worker.language).number(active)) if active else ""

    def _later(self, worker: Worker, round_: RoundView, span: int) -> datetime:
        return later_end(round_, span, self._config.city.zone, worker.visit.ledger.now)

    def _confirmed(self, worker: Worker, round_: RoundView, what: int) -> datetime:
        return end_on(round_, what, self._config.city.zone, worker.visit.ledger.now)

    def _moved_on(self, worker: Worker, round_: RoundView, act: Act, what: int) -> bool:
        """Whether what was asked about is not what it was: another report stands there, or a day as late or later."""
        if act is Act.REPORT:
            return what != mark(drafts(worker, round_))
        closes = round_.closes_at if act is Act.EXTEND else None
        return closes is not None and self._confirmed(worker, round_, what) <= closes

    # ----------------------------------------------------------------- yes and no

    def no(self, worker: Worker, round_: RoundView) -> Prompt:
        """Leave all as it is."""
        worker.waits(None)
        return self.round(worker, round_, worker.text("not_done"), "")

    def yes(self, worker: Worker, round_: RoundView, what: str) -> Prompt:
        """Do what was asked about, or ask for its reason; a Yes to an older question does nothing."""
        act, about = act_of(what)
        waited = worker.visit.guest.contact.asks
        if act is None or waited != _waited(SURE, act, about, round_.code):
            return self.stale(worker, round_)
        if self._moved_on(worker, round_, act, about):
            return self.stale(worker, round_)
        if act in REASONED:
            worker.waits(_waited(WHY, act, about, round_.code))
            return self._ask_why(worker, act, round_.code)
        return self._done(worker, round_, act, about, "")

    def _ask_why(self, worker: Worker, act: Act, code: str, above: str = "") -> Prompt:
        key = {Act.REPORT: "ask_signed", Act.CANCEL: "ask_why_cancel"}.get(act, "ask_why")
        return worker.screen([above, worker.text(key)], worker.button("back", "no", code))

    @staticmethod
    def too_long(worker: Worker, what: str, text: str, most: int) -> str:
        """Return why a text cannot be kept whole; empty where it can. `what` is one of `bot.rounds.acting.fits`."""
        try:
            fits(what, text, most)
        except Refused as refused:
            return worker.text("refused", why=spoken(refused, worker.language))
        return ""

    def why(self, worker: Worker, what: str, code: str) -> Prompt:
        """Take what was written as the reason, and act."""
        round_, (act, about) = self.seen(worker, code), act_of(what)
        message = worker.visit.message
        said = clean(message.text) if message.text else ""
        if round_ is None or act is None:
            worker.waits(None)
            return self.gone(worker)
        most = ("signed", SIGNATURE) if act is Act.REPORT else ("why", LONGEST)
        long = self.too_long(worker, most[0], said, most[1])
        if not said or long:
            return self._ask_why(worker, act, code, long)
        return self._done(worker, round_, act, about, said)

    def _done(self, worker: Worker, round_: RoundView, act: Act, about: int, why: str) -> Prompt:
        """Do it, and show how the round stands then; what the rules forbid by now is said kindly.

        What is not any more what was asked about is not done.
        """
        worker.waits(None)
        if self._moved_on(worker, round_, act, about):
            return self.stale(worker, round_)
        ends = self._confirmed(worker, round_, about) if act is Act.EXTEND else None
        try:
            do(worker, round_, act, why, ends, seen=about)
            above = worker.text("done")
        except Refused as refused:
            above = worker.text("refused", why=spoken(refused, worker.language))
        return self.round(worker, worker.rounds.find(round_.code) or round_, above, "")

    # ----------------------------------------------------------------- which round

    def seen(self, worker: Worker, code: str) -> RoundView | None:
        """Return a round that this person may see."""
        found = worker.rounds.find(code)
        return found if found is not None and worker.may(found.service, Right.SEE_ROUNDS) else None

    @staticmethod
    def gone(worker: Worker) -> Prompt:
        """Say that a button leads nowhere any more, and where the menu is."""
        return worker.screen(worker.text("gone"), worker.button("back", "home"))


def _drafted(worker: Worker, round_: RoundView) -> list[str]:
    """Return the text that tells people what came of a round, in each of its languages."""
    written = drafts(worker, round_)
    if len(written) == 1:
        return list(written.values())
    return [line for language, text in written.items() for line in (f"[{language}]", text, "")]


def _waited(kind: str, act: Act, what: int, code: str) -> str:
    """Return how it is kept what we wait for: at most 40 letters."""
    return f"{kind} {act}{what or ''} {code}"


def act_of(what: str) -> tuple[Act | None, int]:
    """Return the act that a button or a memory names, and the number with it; see `Steering._sure`."""
    name = what.rstrip("0123456789")
    return (Act(name) if name in list(Act) else None), number(what[len(name) :])
