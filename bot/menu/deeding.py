"""From digest to deed, in the chat: what to act on, how, in which words; shown and counted once more before it is sent.

What somebody has written waits as a draft, which stands on no list, until they press the second time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from msgspec import structs

from bot.actions import telling
from bot.actions.acting import LONGEST_WORDS, Draft, Unfit
from bot.actions.behind import Filters
from bot.actions.telling import Letter
from bot.menu.worker import Worker, data, named, number, short
from bot.rights import Right
from bot.rounds.record import public_url, spoken_day
from bot.texts import texts
from flows.model import Button
from flows.words import clean, whole
from storage import actions, people
from storage.actions import ANSWER, ASK, FIX, NOT_US, SCORE, THEME, NewAction

if TYPE_CHECKING:
    from bot.actions.acting import Actions, Preview
    from bot.config import Config
    from flows.model import Prompt
    from storage.actions import Action, Origin

TO: Final = "d"
"""What buttons to these screens carry."""
WRITING: Final = "o:deed"
"""The menu may be waiting for: the words of an action."""
DRAFT, SENT, DROPPED = "draft", "sent", "dropped"
"""States of what somebody has written and not sent, sent, or left; on no list."""
KINDS: Final = {"a": ANSWER, "f": FIX, "q": ASK, "n": NOT_US}
SOURCES: Final = {"s": SCORE, "t": THEME}
"""One letter each: what waits in a chat has forty."""
SPANS = (7, 14, 28)
"""In so many days an action can be due with a tap."""


class Deeding:
    """Screens that act on a digest. Whoever does not look after the service does not learn that there are any."""

    def __init__(self, config: Config, acts: Actions) -> None:
        self._config = config
        self._acts = acts

    def tapped(self, worker: Worker, rest: list[str]) -> Prompt | None:
        """Return the screen that a button leads to; None where it leads nowhere any more."""
        try:
            return self._screen(worker, rest)
        except (Unfit, ValueError) as error:
            return worker.screen(_spoken(error, worker.language))

    def _screen(self, worker: Worker, rest: list[str]) -> Prompt | None:
        match rest:
            case ["week", which, week] if service := self._service(worker, which):
                return self._week(worker, service, which, week)
            case ["on", which, week, source, name] if service := self._service(worker, which):
                return self._on(worker, service, (which, week, source, name))
            case ["all", which, week] if service := self._service(worker, which):
                return self._shown(worker, service, Filters(week), data(TO, "week", which, week))
            case ["want", which, week, place] if service := self._service(worker, which):
                return self._want(worker, service, (which, week, place))
            case ["show", which, week, source, name] if service := self._service(worker, which):
                return self._show(worker, service, (which, week, source, name))
            case [kind, which, week, source, name] if kind in KINDS and self._service(worker, which):
                return self._write(worker, kind, (which, week, source, name))
            case ["week", which, _] if which.isdecimal():  # of a digest that named services by their place
                said = [worker.text("gone"), _say(worker, "old", url=f"{public_url(self._config)}/manage/digests")]
                return worker.screen(said, worker.button("back", "home"))
            case [step, draft, *what] if row := self._draft(worker, draft):
                return self._go_on(worker, row, step, "".join(what))
            case _:
                return None

    def _service(self, worker: Worker, which: str) -> str:
        """Return the service of this mark where the person looks after it; empty for others."""
        return named(worker.services([each.key for each in self._config.services], Right.ACT_ON_DIGESTS), which) or ""

    # ----------------------------------------------------------------- what, and how

    def _week(self, worker: Worker, service: str, which: str, week: str) -> Prompt:
        found = self._acts.subjects(worker.visit.db, service, week, worker.language)
        buttons = [Button(short(each.label), data(TO, "on", which, week, each.source[0], each.name)) for each in found]
        wanted = self._acts.behind.wanted(worker.visit.db, service, week)
        said = [self._acts.asked(worker.visit.db, by, worker.language) for by in wanted]
        looks = [Button(short(_say(worker, "see", name=name)), data(TO, "want", which, week, place))
                 for place, name in enumerate(said)]  # fmt: skip
        every = Button(_say(worker, "see_all"), data(TO, "all", which, week))
        return worker.screen(_say(worker, "week" if buttons else "nothing"), *buttons, *looks, every)

    def _on(self, worker: Worker, service: str, subject: tuple[str, str, str, str]) -> Prompt:
        source, origin = self._origin(worker, subject)
        about = self._acts.named(worker.visit.db, service, source, origin, worker.language)
        buttons = [Button(_say(worker, f"do_{KINDS[one]}"), data(TO, one, *subject)) for one in KINDS]
        show = Button(_say(worker, "show"), data(TO, "show", *subject))
        back = Button(_say(worker, "back"), data(TO, "week", *subject[:2]))
        return worker.screen([about, "", _say(worker, "act")], *buttons, show, back)

    def _origin(self, worker: Worker, subject: tuple[str, str, str, str]) -> tuple[str, Origin]:
        _, week, letter, name = subject
        if letter not in SOURCES:
            raise Unfit("no_origin")
        return SOURCES[letter], self._acts.origin(SOURCES[letter], name, week, worker.visit.ledger.now)

    def _show(self, worker: Worker, service: str, subject: tuple[str, str, str, str]) -> Prompt:
        """Show the newest few answers, masked, and where the others are."""
        by = self._acts.filters(worker.visit.db, *self._origin(worker, subject), subject[1])
        return self._shown(worker, service, by, data(TO, "on", *subject))

    def _want(self, worker: Worker, service: str, subject: tuple[str, str, str]) -> Prompt | None:
        """Show in which order people put options, or what points they gave them."""
        which, week, place = subject
        found = dict(enumerate(self._acts.behind.wanted(worker.visit.db, service, week)))
        by = found.get(number(place))
        return None if by is None else self._shown(worker, service, by, data(TO, "week", which, week))

    def _shown(self, worker: Worker, service: str, by: Filters, to: str) -> Prompt:
        db, now = worker.visit.db, worker.visit.ledger.now
        if self._acts.behind.runs(by, now):
            raise Unfit("early")
        lines, written = self._acts.behind.newest(db, service, by, _person(worker).name, worker.language, now)
        url = f"{public_url(self._config)}/manage/answers/{service}?{urlencode(by.noted, safe=',')}"
        head = _say(worker, "answers" if lines else "answers_none")
        back = Button(_say(worker, "back"), to)
        screen = worker.screen([head, *(f"– {line}" for line in lines), _say(worker, "answers_more", url=url)], back)
        return structs.replace(screen, quotes=written)

    # ----------------------------------------------------------------- in which words

    @staticmethod
    def _write(worker: Worker, kind: str, subject: tuple[str, str, str, str]) -> Prompt:
        which, week, source, name = subject
        worker.waits(f"{WRITING} {kind}{source}{which} {week} {name}")
        cancel = Button(_say(worker, "cancel"), data(TO, "on", *subject))
        return worker.screen(_say(worker, f"ask_{KINDS[kind]}"), cancel)

    def heard(self, worker: Worker, rest: list[str]) -> Prompt | None:
        """Take what was written, and show what comes next."""
        worker.waits(None)
        packed, week, *names = rest
        kind, source, which, name = packed[:1], packed[1:2], packed[2:], "".join(names)
        service = self._service(worker, which)
        if not service:
            return None
        try:
            return self._taken(worker, service, kind, (which, week, source, name))
        except (Unfit, ValueError) as error:
            back = Button(_say(worker, "back"), data(TO, kind, which, week, source, name))
            return worker.screen(_spoken(error, worker.language), back)

    def _taken(self, worker: Worker, service: str, kind: str, subject: tuple[str, str, str, str]) -> Prompt:
        source, origin = self._origin(worker, subject)
        lines = [each.strip() for each in clean(worker.visit.message.text).splitlines() if each.strip()]
        draft = _drafted(Draft(service, KINDS[kind], source, origin), lines, worker.language)
        self._acts.preview(worker.visit.db, draft, worker.visit.ledger.now)
        row = _keep(worker, draft)
        return self._owners(worker, row) if row.kind == FIX else self._sure(worker, row)

    # ----------------------------------------------------------------- who, by when, and sent

    def _draft(self, worker: Worker, draft: str) -> Action | None:
        """Return what this person has written and not sent."""
        row = actions.get(worker.visit.db, n, lock=True) if (n := whole(draft)) is not None else None
        if row is None or row.state != DRAFT or not worker.may(row.service, Right.ACT_ON_DIGESTS):
            return None
        return row if actions.form_of(worker.visit.db, row.id).startswith(_form(worker)) else None

    def _go_on(self, worker: Worker, row: Action, step: str, what: str) -> Prompt | None:
        now = worker.visit.ledger.now
        match step:
            case "owner":
                kept = self._changed(worker, row, person_id=number(what) or None)
                return self._days(worker, kept)
            case "due" if number(what) in {0, *SPANS}:
                on = self._acts.today(now) + timedelta(days=number(what)) if number(what) else None
                return self._sure(worker, self._changed(worker, row, due_on=on.isoformat() if on else None))
            case "send":
                return self._send(worker, row)
            case "drop":
                self._changed(worker, row, state=DROPPED)
                return worker.screen(_say(worker, "dropped"))
            case _:
                return None

    @staticmethod
    def _changed(worker: Worker, row: Action, **values: Any) -> Action:  # noqa: ANN401 - columns of many types
        return actions.change(worker.visit.db, row, worker.visit.ledger.now, _person(worker).name, DRAFT, **values)

    def _owners(self, worker: Worker, row: Action) -> Prompt:
        found = self._acts.owners(worker.visit.db, row.service)
        buttons = [Button(short(each.name), data(TO, "owner", row.id, each.id)) for each in found]
        nobody = Button(_say(worker, "nobody_yet"), data(TO, "owner", row.id, 0))
        return worker.screen(_say(worker, "owner"), *buttons, nobody)

    @staticmethod
    def _days(worker: Worker, row: Action) -> Prompt:
        days = [Button(_say(worker, f"due_{span}"), data(TO, "due", row.id, span)) for span in (*SPANS, 0)]
        return worker.screen(_say(worker, "due"), *days)

    def _sure(self, worker: Worker, row: Action) -> Prompt:
        """Show all of it once more, and to how many people it goes."""
        preview = self._acts.preview(worker.visit.db, _of(row), worker.visit.ledger.now)
        letter, language = telling.load(row.letter), worker.language
        offered = [f"– {each}" for one in letter.choices.values() for each in one]
        said = [*(letter.texts.values() or [row.words]), *offered]
        names = {each.id: each.name for each in self._acts.owners(worker.visit.db, row.service)}
        owner = names.get(row.person_id or 0, "")
        on = telling.day_of(row.due_on)
        who = _say(worker, "owned", name=owner) if owner else ""
        when = _say(worker, "due_on", day=spoken_day(on, language)) if on else ""
        send = Button(_say(worker, "send" if preview.tells else "keep"), data(TO, "send", row.id))
        cancel = Button(_say(worker, "cancel"), data(TO, "drop", row.id))
        parts = [
            _say(worker, "sure"),
            "\n".join(said),
            " ".join(filter(None, (who, when))),
            _goes(worker, preview, self._config.digest.minimum_cell),
        ]
        return worker.screen("\n\n".join(filter(None, parts)), send, cancel)

    def _send(self, worker: Worker, row: Action) -> Prompt:
        db, now = worker.visit.db, worker.visit.ledger.now
        self._acts.do(db, replace(_of(row), form=f"chat:{row.id}"), _person(worker), now)
        self._changed(worker, row, state=SENT)
        url = f"{public_url(self._config)}/manage/actions/{row.service}"
        return worker.screen(_say(worker, "done", url=url))


def _drafted(blank: Draft, lines: list[str], language: str) -> Draft:
    """Return a draft of what was written: the first line of a question asks, the others are answers to choose from."""
    text = "\n".join(lines)
    match blank.kind:
        case "ask":
            question, *offered = lines or [""]
            letter = Letter({language: question}, {language: tuple(offered)})
            return replace(blank, words=question[:LONGEST_WORDS], letter=letter)
        case "answer":
            return replace(blank, words=text[:LONGEST_WORDS], letter=Letter({language: text}))
        case "not_us":
            return replace(blank, words=text, letter=Letter({language: text}))
        case _:
            return replace(blank, words=text)


def _keep(worker: Worker, draft: Draft) -> Action:
    """Keep what was written until the second press."""
    now = worker.visit.ledger.now
    new = NewAction(
        draft.service,
        draft.kind,
        draft.source,
        draft.origin,
        draft.words,
        now,
        state=DRAFT,
        letter=telling.dump(draft.letter),
        form=f"{_form(worker)}{now.isoformat()}",
    )
    return actions.add(worker.visit.db, new, _person(worker).name)


def _of(row: Action) -> Draft:
    """Return a draft as it was kept."""
    blank = Draft(row.service, row.kind, row.source, row.of, row.words, telling.load(row.letter))
    return replace(blank, owner=row.person_id, due_on=row.due_on or "")


def _form(worker: Worker) -> str:
    """Return what tells whose draft it is."""
    return f"draft:{worker.person}:"


def _person(worker: Worker) -> people.Person:
    found = people.get(worker.visit.db, worker.person)
    if found is None:
        raise LookupError(worker.person)
    return found


def _goes(worker: Worker, preview: Preview, minimum: int) -> str:
    if preview.tells:
        said = texts(worker.language)
        going = said.about(preview.about, minimum)
        if preview.raised is None:
            return _say(worker, "goes", n=going)
        return _say(worker, "goes_to", n=going, all=said.about(preview.raised, minimum))
    return _say(worker, "untold") if preview.why_not else ""


def _say(worker: Worker, key: str, **values: object) -> str:
    return texts(worker.language)(f"deed.chat.{key}", **values)


def _spoken(error: Exception, language: str) -> str:
    said = error.spoken(language) if isinstance(error, Unfit) else texts(language)("deed.fault.no_week")
    return said[:1].upper() + said[1:]
