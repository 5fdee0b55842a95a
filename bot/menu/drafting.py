"""A round begun in the chat: a flow, a service, a title, then what is missing, one thing after the other."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from bot.errors import Refused
from bot.menu.acts import Act
from bot.menu.showing import label_of
from bot.menu.steering import WHY, Steering
from bot.menu.worker import mark_of, named, number, short
from bot.rights import Right
from bot.rounds.example import kept
from bot.rounds.lifecycle import AGREED, BEGINNING, LINK
from bot.rounds.organising import TITLE as LONGEST_TITLE
from bot.rounds.record import Need, in_tongue, spoken_day
from bot.rounds.record import title as called
from bot.rounds.tongues import in_language
from bot.rounds.wording import meaning, spoken
from bot.texts import texts
from flows import dates
from flows.model import Button, Prompt
from flows.words import clean, plain_digits

if TYPE_CHECKING:
    from datetime import date

    from bot.menu.worker import Worker
    from bot.rounds.looking import RoundView
    from bot.rounds.tongues import Text
    from flows.model import Flow
    from storage.trail import Entry

TITLE, FIELD, DAY, LAST, EDIT = "o:title", "o:field", "o:day", "o:last", "o:edit"
"""What the menu waits for: the title of a new round, a field of its record, its first or last day, other words."""
WEEKS = (1, 2, 4, 6, 12)
"""For how many weeks a round can be asked with a tap."""
OPTIONS = 6
"""A choice with more options than this is made in the browser."""
LONGEST_TEXT = 4000
BESIDE = ("group", "limits")
"""What some promises ask for beside the flow's own fields."""
ENDS, WHOM = "closes_at", "audience"
"""Facts of a round that are no fields of its record."""
NAME, TOPIC, BEGINS = "title", "topic", "opens_at"
"""What is changed in the chat beside the last day, also where nothing is missing."""


class Drafting(Steering):
    """Screens that write a round."""

    @staticmethod
    def writes(worker: Worker, round_: RoundView) -> bool:
        """Whether this person may change the facts of a round, and they may still change."""
        return worker.may(round_.service, Right.LEAD_ROUNDS) and round_.state in BEGINNING

    # ----------------------------------------------------------------- a new round

    def flows(self, worker: Worker, page: int) -> Prompt:
        """Offer the flows that this person can ask with."""
        found = [flow for flow in self._rounds.catalog.flows if self._services(worker, flow)]
        entries = [
            Button(short(in_language(flow.title, worker.language)), f"@o:flow:{mark_of(flow.id)}") for flow in found
        ]
        text = worker.text("which_flow" if entries else "no_flow")
        return worker.screen(text, *worker.paged(entries, page, "new"), worker.button("back", "home"))

    def _services(self, worker: Worker, flow: Flow) -> list[str]:
        """Return the services of this person that are in the stage of a flow."""
        fitting = [service.key for service in self._config.services if flow.stage in service.stages]
        return worker.services(fitting, Right.LEAD_ROUNDS)

    def flow(self, worker: Worker, mark: str, page: int) -> Prompt:
        """Ask for which service; with one alone go on to the title."""
        flow = self._marked(mark)
        keys = self._services(worker, flow) if flow else []
        if flow is None or not keys:
            return self.gone(worker)
        if len(keys) == 1:
            return self.titled(worker, mark, mark_of(keys[0]))
        labels = {key: short(self._config.service(key).label(worker.language)) for key in keys}
        entries = [Button(label, f"@o:service:{mark}:{mark_of(key)}") for key, label in labels.items()]
        pages = worker.paged(entries, page, "flow", mark)
        return worker.screen(worker.text("which_service"), *pages, worker.button("back", "new", 0))

    def _marked(self, mark: str) -> Flow | None:
        return next((flow for flow in self._rounds.catalog.flows if mark_of(flow.id) == mark), None)

    def titled(self, worker: Worker, flow: str, service: str, above: str = "") -> Prompt:
        """Ask for the title."""
        worker.waits(f"{TITLE} {flow} {service}")
        return worker.screen([above, worker.text("ask_title")], worker.button("back", "new", 0))

    def create(self, worker: Worker, mark: str, service_mark: str) -> Prompt:
        """Take the title, and write the draft: from here on nothing typed is lost."""
        flow, title = self._marked(mark), clean(worker.visit.message.text).strip()
        service = named(self._services(worker, flow) if flow else [], service_mark)
        if flow is None or service is None:
            worker.waits(None)
            return self.gone(worker)
        long = self.too_long(worker, "title", title, LONGEST_TITLE)
        if not title or long:
            return self.titled(worker, mark, service_mark, long)
        worker.waits(None)
        made = worker.rounds.create(service=service, flow=flow.id, title=title, record={}, who=worker.person)
        return self.whom(worker, made, worker.text("made", title=made.title))

    # ----------------------------------------------------------------- whom and how long

    def whom(self, worker: Worker, round_: RoundView, *above: str) -> Prompt:
        """Ask who can take part."""
        buttons = [worker.button(f"whom_{one}", "whom", round_.code, one) for one in (LINK, AGREED)]
        text = [*above, worker.text("ask_whom"), worker.text("whom_more")]
        return worker.screen(text, *buttons, worker.button("back", "round", round_.code))

    def long(self, worker: Worker, round_: RoundView, above: str = "") -> Prompt:
        """Ask for how long: a tap, or the last day in words."""
        running = self._running(round_)
        weeks = [
            Button(self.last_day(worker, self._end(worker, round_, one)), f"@o:long:{round_.code}:{one}")
            for one in WEEKS
        ]
        endless = (worker.button("endless", "long", round_.code, 0),) if running else ()
        back = worker.button("back", "round", round_.code)
        worker.waits(f"{LAST} {round_.code}")
        other = worker.text("or_day", example=self.last_day(worker, self._end(worker, round_, 3)))
        text = [above, worker.text("ask_long"), other]
        return worker.screen(text, *weeks, *endless, back)

    def _running(self, round_: RoundView) -> bool:
        return any(flow.id == round_.flow and flow.running for flow in self._rounds.catalog.flows)

    def _end(self, worker: Worker, round_: RoundView, weeks: int) -> datetime:
        """Return the end of the last day of so many weeks, counted from the first one."""
        zone = self._config.city.zone
        first = (round_.opens_at or worker.visit.ledger.now).astimezone(zone).date()
        return datetime.combine(first + timedelta(weeks=weeks), time(), zone)

    def took_whom(self, worker: Worker, round_: RoundView, audience: str) -> Prompt:
        """Keep who can take part, and ask on."""
        if audience not in {LINK, AGREED}:
            return self.gone(worker)
        return self._changed(worker, round_, audience=audience) or self._on(worker, self._fresh(worker, round_))

    def took_long(self, worker: Worker, round_: RoundView, weeks: str) -> Prompt:
        """Keep how long a round is open, and ask on."""
        if number(weeks) not in {*WEEKS, *([0] if self._running(round_) else [])}:
            return self.gone(worker)
        ends = self._end(worker, round_, number(weeks)) if number(weeks) else None
        return self._changed(worker, round_, closes_at=ends) or self.next(worker, self._fresh(worker, round_))

    def took_last(self, worker: Worker, round_: RoundView) -> Prompt:
        """Take the last day that was typed: the round closes at its end."""
        day, why = self._day_to_come(worker, least=self._today(worker))
        if day is None:
            return self.long(worker, round_, why)
        worker.waits(None)
        ends = datetime.combine(day + timedelta(days=1), time(), self._config.city.zone)
        return self._changed(worker, round_, closes_at=ends) or self.next(worker, self._fresh(worker, round_))

    def _on(self, worker: Worker, round_: RoundView) -> Prompt:
        return self.long(worker, round_) if round_.closes_at is None else self.next(worker, round_)

    @staticmethod
    def _fresh(worker: Worker, round_: RoundView) -> RoundView:
        return worker.rounds.find(round_.code) or round_

    def _changed(self, worker: Worker, round_: RoundView, **facts: Any) -> Prompt | None:  # noqa: ANN401 - facts of many types
        """Change facts of a round; None where that was done, else how the round stands and why it was not.

        One that somebody has signed is not changed before it is said why.
        """
        if signed := worker.rounds.signature(round_.code):
            return self.freed(worker, round_, signed)
        try:
            worker.rounds.change(round_.code, who=worker.person, **facts)
        except Refused as refused:
            worker.waits(None)
            why = spoken(refused, worker.language)
            return self.round(worker, self._fresh(worker, round_), worker.text("refused", why=why), "")
        return None

    @staticmethod
    def freed(worker: Worker, round_: RoundView, signed: Entry, above: str = "") -> Prompt:
        """Say who signed a round, and ask why it is changed: with the reason it is a draft again."""
        worker.waits(f"{WHY} {Act.CHANGE} {round_.code}")
        lines = [above, worker.text("signed", name=signed.who), worker.text("ask_why_change")]
        return worker.screen(lines, worker.button("back", "no", round_.code))

    def _ask_why(self, worker: Worker, act: Act, code: str, above: str = "") -> Prompt:
        round_ = worker.rounds.find(code) if act is Act.CHANGE else None
        signed = worker.rounds.signature(code) if round_ else None
        if round_ is None or signed is None:
            return super()._ask_why(worker, act, code, above)
        return self.freed(worker, round_, signed, above)

    def _done(self, worker: Worker, round_: RoundView, act: Act, about: int, why: str) -> Prompt:
        if act is not Act.CHANGE:
            return super()._done(worker, round_, act, about, why)
        worker.waits(None)
        if not self.writes(worker, round_):
            return self.stale(worker, round_)
        if worker.rounds.signature(round_.code):
            worker.rounds.redraft(round_.code, why, who=worker.person)
        return self.changing(worker, self._fresh(worker, round_))

    # ----------------------------------------------------------------- the first day

    def day_asked(self, worker: Worker, round_: RoundView, above: str = "") -> Prompt:
        """Ask for the day on which a round opens."""
        worker.waits(f"{DAY} {round_.code}")
        today = worker.button("today", "today", round_.code)
        example = self.day(worker, worker.visit.ledger.now + timedelta(days=7))
        text = [above, worker.text("ask_day", example=example)]
        return worker.screen(text, today, worker.button("back", "round", round_.code))

    def took_today(self, worker: Worker, round_: RoundView) -> Prompt:
        """Let a round open as soon as somebody opens it."""
        return self._changed(worker, round_, opens_at=None) or self.round(worker, self._fresh(worker, round_))

    def took_day(self, worker: Worker, round_: RoundView) -> Prompt:
        """Take the day on which a round opens: as it begins."""
        day, why = self._day_to_come(worker, least=self._today(worker) + timedelta(days=1))
        if day is None:
            return self.day_asked(worker, round_, why)
        worker.waits(None)
        opens = datetime.combine(day, time(), self._config.city.zone)
        return self._changed(worker, round_, opens_at=opens) or self.round(worker, self._fresh(worker, round_))

    def _today(self, worker: Worker) -> date:
        return worker.visit.ledger.now.astimezone(self._config.city.zone).date()

    def _day_to_come(self, worker: Worker, least: date) -> tuple[date | None, str]:
        """Return the day that was typed; or None and what is wrong with it: it is none, two, or before `least`."""
        day = self._typed_day(worker)
        if day is not None and day < least:
            return None, worker.text("day_past", day=spoken_day(day, worker.language))
        return day, "" if day else self._no_day(worker)

    def _no_day(self, worker: Worker) -> str:
        """Return why what was typed is not one day."""
        said, today = clean(worker.visit.message.text).strip(), self._today(worker)
        read = dates.read(plain_digits(said), worker.language, today, today)
        if isinstance(read, dates.Unclear):
            first, second = (spoken_day(one, worker.language) for one in (read.first, read.second))
            return worker.text("day_unclear", said=said, first=first, second=second)
        return worker.text("part_no_day", said=short(said))

    def _typed_day(self, worker: Worker) -> date | None:
        """Return the day that was typed; None where it is none, or one that could be two."""
        return self.day_in(worker, worker.visit.message.text)

    def day_in(self, worker: Worker, text: str, *, past: bool = False) -> date | None:
        """Return the day a text names, to come or `past`; None where it is none, or one that could be two."""
        today = self._today(worker)
        least, most = (None, today) if past else (today, None)
        read = dates.read(plain_digits(text), worker.language, today, least, most)
        return read.on if isinstance(read, dates.Day) else None

    # ----------------------------------------------------------------- what is changed

    def changing(self, worker: Worker, round_: RoundView) -> Prompt:
        """Ask what of a draft is to be changed; what the chat cannot change leads to the browser."""
        if signed := worker.rounds.signature(round_.code):
            return self.freed(worker, round_, signed)
        edits = [
            Button(label_of(worker, name), f"@o:edit:{round_.code}:{name}") for name in self._edits(worker, round_)
        ]
        page = worker.button("page", "page", round_.code)
        return worker.screen(worker.text("ask_change"), *edits, page, worker.button("back", "round", round_.code))

    def _edits(self, worker: Worker, round_: RoundView) -> list[str]:
        """Return what of a draft is changed in the chat: a topic in other languages alone is not."""
        said = round_.record.get(TOPIC)
        known = TOPIC in self._needed(worker, round_) and (
            not isinstance(said, dict) or bool(said.get(worker.language))
        )
        return [NAME, *([TOPIC] if known else []), BEGINS, ENDS]

    def edit(self, worker: Worker, round_: RoundView, what: str) -> Prompt:
        """Ask for what a draft shall say instead."""
        if what not in self._edits(worker, round_):
            return self.stale(worker, round_)
        match what:
            case "opens_at":
                return self.day_asked(worker, round_)
            case "closes_at":
                return self.long(worker, round_)
            case _:
                return self._words_asked(worker, round_, what)

    @staticmethod
    def _words_asked(worker: Worker, round_: RoundView, what: str, above: str = "") -> Prompt:
        worker.waits(f"{EDIT} {round_.code} {what}")
        known, beside = round_.record.get(what), what == NAME and _beside(worker, round_)
        own = called(round_.record, round_.title, worker.language) if beside else round_.title
        said = own if what == NAME else in_language(known, worker.language)
        others = worker.text("anew_one") if beside or (isinstance(known, dict) and len(known) > 1) else ""
        now = worker.text("proposed", text=said) if said else ""
        lines = [above, f"{label_of(worker, what)}.", now, worker.text("ask_anew"), others]
        return worker.screen(lines, worker.button("back", "round", round_.code))

    def took_words(self, worker: Worker, round_: RoundView, what: str) -> Prompt:
        """Keep the title or the topic that was typed; words in other languages stay."""
        if what not in self._edits(worker, round_):
            return self.stale(worker, round_)
        said = clean(worker.visit.message.text).strip()
        most = ("title", LONGEST_TITLE) if what == NAME else ("text", LONGEST_TEXT)
        long = self.too_long(worker, *(most[0], said, most[1]))
        if not said or long:
            return self._words_asked(worker, round_, what, long)
        worker.waits(None)
        changed = self._changed(worker, round_, **self._instead(worker, round_, what, said))
        return changed or self.round(worker, self._fresh(worker, round_), worker.text("done"), "")

    @staticmethod
    def _instead(worker: Worker, round_: RoundView, what: str, said: str) -> dict[str, Any]:
        """Return the facts of a round that has a title or a topic instead of the one it has."""
        if what == NAME and _beside(worker, round_):
            titles: Any = round_.record[NAME]
            return {"record": {**round_.record, NAME: {**titles, worker.language: said}}}
        if what == NAME:
            return _own_title(round_, said) if _borrowed(worker, round_, NAME) else {"title": said}
        was, own = round_.record.get(what), said.rstrip(".") or said
        new = _in_tongue(worker, round_, what, own)
        if was in (own, new) and _borrowed(worker, round_, what):  # who says the same means it
            return {"record": kept(round_.record, [what])}
        return {"record": {**round_.record, what: {**was, worker.language: own} if isinstance(was, dict) else new}}

    # ----------------------------------------------------------------- what is missing

    def next(self, worker: Worker, round_: RoundView, after: str = "") -> Prompt:
        """Ask for the next thing that is missing behind `after`; show the round where nothing is."""
        worker.waits(None)
        order = [ENDS, WHOM, *self._needed(worker, round_)]
        missing = {fault.field for fault in worker.rounds.check(round_.code, worker.language)}
        behind = order[order.index(after) + 1 :] if after in order else order
        wanted = next((name for name in behind if name in missing), None)
        return self.round(worker, round_) if wanted is None else self.field(worker, round_, wanted)

    def field(self, worker: Worker, round_: RoundView, name: str) -> Prompt:
        """Ask for one thing that the record must say."""
        if name in {ENDS, WHOM}:
            return self.long(worker, round_) if name == ENDS else self.whom(worker, round_)
        need = self._needed(worker, round_).get(name)
        if need is None or round_.state not in BEGINNING:
            return self.stale(worker, round_)
        mark = mark_of(name)
        skip = worker.button("skip", "skip", round_.code, mark)
        back = worker.button("back", "round", round_.code)
        if need.kind == "choice" and len(need.options) <= OPTIONS:
            options = [
                Button(short(label), f"@o:set:{round_.code}:{mark}:{place}")
                for place, (_, label) in enumerate(need.options)
            ]
            lines = [*self._asked(worker, need), *self._in_full(need)]
            keep = (worker.button("keep", "keep", round_.code, mark),) if _borrowed(worker, round_, name) else ()
            return worker.screen(lines, *keep, *options, skip, back)
        worker.waits(f"{FIELD} {round_.code} {mark}")
        lines = [*self._asked(worker, need), self._from_example(worker, round_, name), worker.text(f"ask_{need.kind}")]
        keep = (worker.button("keep", "keep", round_.code, mark),) if lines[-2] else ()
        return worker.screen(lines, *keep, skip, back)

    @staticmethod
    def _from_example(worker: Worker, round_: RoundView, name: str) -> str:
        """Return what a field still says of the example; empty where it says something else."""
        if not _borrowed(worker, round_, name):
            return ""
        lists: Any = round_.record.get("lists") or {}
        labels = [in_language(label, worker.language) for _, label in lists.get(name, ())]
        own = round_.title if name == "title" else round_.record.get(name)
        text = " · ".join(labels) or in_language(own, worker.language)
        return worker.text("borrowed", text=text)

    def keep(self, worker: Worker, round_: RoundView, mark: str) -> Prompt:
        """Keep that what a field says of the example is true here, and ask on."""
        name = self.marked(worker, round_, mark)
        if not _borrowed(worker, round_, name):
            return self.stale(worker, round_)
        worker.waits(None)
        record = kept(round_.record, [name])
        return self._changed(worker, round_, record=record) or self.next(worker, self._fresh(worker, round_), name)

    @staticmethod
    def _asked(worker: Worker, need: Need) -> list[str]:
        proposed = worker.text("proposed", text=need.preset) if need.preset and need.kind != "choice" else ""
        own = f"need_{need.name}"
        means = worker.text(own) if texts(worker.language).has(f"menu.{own}") else need.meaning
        return [worker.text("ask_field", meaning=means), proposed]

    @staticmethod
    def _in_full(need: Need) -> list[str]:
        """Return the options whose labels a button cuts off."""
        cut = any(short(label) != label for _, label in need.options)
        return [f"– {label}" for _, label in need.options] if cut else []

    def _needed(self, worker: Worker, round_: RoundView) -> dict[str, Need]:
        """Return all that the record may say, in the order to ask; what some promises ask for beside it comes last."""
        title = ["title"] if _borrowed(worker, round_, "title") else []
        own = {name: Need(name, "text", meaning(worker.language, name)) for name in title}
        own |= {need.name: need for need in worker.rounds.needs(round_.flow, round_.service, worker.language)}
        return own | {name: Need(name, "text", meaning(worker.language, name)) for name in BESIDE if name not in own}

    def marked(self, worker: Worker, round_: RoundView, mark: str) -> str:
        """Return the field that a mark stands for; empty where there is none any more."""
        return named(self._needed(worker, round_), mark) or ""

    def chose(self, worker: Worker, round_: RoundView, mark: str, place: str) -> Prompt:
        """Keep the option that was tapped, and ask on."""
        name = self.marked(worker, round_, mark)
        need = self._needed(worker, round_).get(name)
        if need is None or not need.options or number(place) >= len(need.options):
            return self.stale(worker, round_)
        return self._keep(worker, round_, name, need.options[number(place)][0])

    def wrote(self, worker: Worker, round_: RoundView, mark: str) -> Prompt:
        """Keep what was written for a field, and ask on; what does not fit is asked for again."""
        name = self.marked(worker, round_, mark)
        need = self._needed(worker, round_).get(name)
        if need is None:
            worker.waits(None)
            return self.stale(worker, round_)
        text = clean(worker.visit.message.text).strip()
        what = ("title", LONGEST_TITLE) if name == "title" else ("text", LONGEST_TEXT)
        if long := self.too_long(worker, what[0], text, what[1]):
            asked = self.field(worker, round_, name)
            return replace(asked, text=f"{long}\n{asked.text}")
        value = self._value(worker, round_, need, text)
        if value is not None:
            return self._keep(worker, round_, name, value)
        asked = self.field(worker, round_, name)
        return replace(asked, text=f"{self._no_day(worker)}\n{asked.text}") if need.kind == "date" else asked

    def _value(self, worker: Worker, round_: RoundView, need: Need, text: str) -> object:
        """Return what was written as the record keeps it; None where it does not fit."""
        match need.kind:
            case "date":
                day = self._typed_day(worker)
                return day and day.isoformat()
            case "list":
                lines = [line.strip() for line in text.splitlines() if line.strip()]
                labels = [_in_tongue(worker, round_, need.name, line) for line in lines]
                return [(f"o{n}", label) for n, label in enumerate(labels, 1)] if len(labels) > 1 else None
            case "text" if need.name != "title":
                return _in_tongue(worker, round_, need.name, text.rstrip(".")) or None
            case _:
                return text.rstrip(".") or None

    def _keep(self, worker: Worker, round_: RoundView, name: str, value: object) -> Prompt:
        if name == "title":
            worker.waits(None)
            return self._titled(worker, round_, str(value))
        record = dict(round_.record)
        if record.get(name) == value and _borrowed(worker, round_, name):  # who says the same means it
            record = kept(record, [name])
        if isinstance(value, list):
            lists = record.get("lists")
            record["lists"] = {**(lists if isinstance(lists, dict) else {}), name: value}
        else:
            record[name] = value
        worker.waits(None)
        return self._changed(worker, round_, record=record) or self.next(worker, self._fresh(worker, round_), name)

    def _titled(self, worker: Worker, round_: RoundView, title: str) -> Prompt:
        """Keep a title of one's own: those of the example in other languages go with the old one."""
        changed = self._changed(worker, round_, **_own_title(round_, title))
        return changed or self.next(worker, self._fresh(worker, round_), "title")


def _in_tongue(worker: Worker, round_: RoundView, name: str, text: str) -> Text:
    """Return a text as the record keeps it: in the language of who typed it, where the round speaks it."""
    return in_tongue(name, text, worker.language, worker.rounds.languages(round_.flow, round_.service))


def _own_title(round_: RoundView, title: str) -> dict[str, Any]:
    """Return the facts of a round with this title alone."""
    return {"title": title, "record": {name: said for name, said in round_.record.items() if name != "title"}}


def _beside(worker: Worker, round_: RoundView) -> bool:
    """Whether a round has a title of its own in the worker's language, beside the one it is written in."""
    titles, own = round_.record.get(NAME), worker.rounds.language(round_.flow, round_.service)
    return worker.language != own and isinstance(titles, dict) and bool(titles.get(worker.language))


def _borrowed(worker: Worker, round_: RoundView, name: str) -> bool:
    """Whether a field of a draft still says what the example says."""
    return name in worker.rounds.borrowed(round_.code)
