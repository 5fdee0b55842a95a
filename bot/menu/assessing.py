"""Staff look at their own work in the chat: a passage like a citizen's, kept with the form, that can rest and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from bot.assessing import form as forms
from bot.assessing.items import OF_STAGE
from bot.assessing.results import told
from bot.assessing.words import words
from bot.menu.worker import Worker, data, mark_of, named, short
from bot.rounds import codes
from bot.rounds.record import public_url
from flows import engine, memory, transcript
from flows.model import Answered, Button, Context, Kind, Prompt, Status, parse_button
from flows.speak import word_button
from flows.words import whole, word_of
from storage import assessments as stored

if TYPE_CHECKING:
    from bot.assessing.assessments import Assessments
    from bot.config import Config
    from flows.catalog import Catalog
    from flows.model import Flow, Message, Turn
    from storage.assessments import Form

COMMAND: Final = "/assess"
ASSESSING: Final = "o:as"
"""The menu may be waiting for: the next answer of somebody who looks at their own work."""
TO: Final = "as"
"""What buttons to these screens carry."""
PAUSE: Final = "pause"


class Assessing:
    """Screens of self-assessment. Whoever has no role does not learn that there are any."""

    def __init__(self, config: Config, assessments: Assessments, catalog: Catalog) -> None:
        self._config = config
        self._kept = assessments
        self._catalog = catalog

    # ----------------------------------------------------------------- screens

    def home(self, worker: Worker) -> Prompt:
        """Ask which service; with one alone show what can be done for it."""
        mine = self._kept.services(worker.visit.db, worker.person)
        if len(mine) == 1:
            return self._service(worker, mine[0])
        said = words(worker.language)
        labels = {key: short(self._config.service_of(key).label(worker.language)) for key in mine}
        buttons = [Button(label, data(TO, "of", mark_of(key))) for key, label in labels.items()]
        return worker.screen(said("menu.which" if mine else "menu.nobody"), *buttons, self._back(worker))

    @staticmethod
    def _back(worker: Worker) -> Button:
        return worker.button("to_menu", "home")

    def tapped(self, worker: Worker, rest: list[str]) -> tuple[Prompt, ...] | None:
        """Answer a button of these screens; None where it leads nowhere any more."""
        act, *more = rest
        service = named(self._kept.services(worker.visit.db, worker.person), more[0]) if more else None
        match act, more:
            case "home", []:
                return (self.home(worker),)
            case "of", [_] if service:
                return (self._service(worker, service),)
            case "begin", [_, stage] if service and stage in {"all", *OF_STAGE}:
                return self._begin(worker, service, None if stage == "all" else stage)
            case "on", [_] if service:
                return self._go_on(worker, service)
            case "seen", [_] if service:
                return (self._result(worker, service),)
            case _:
                return None

    def _service(self, worker: Worker, service: str) -> Prompt:
        said, mark, db = words(worker.language), mark_of(service), worker.visit.db
        mine = self._kept.mine(db, worker.person, service, worker.visit.ledger.now)
        begun = stored.begun(db, worker.person, service)
        last = said("menu.last", day=said.day(mine.at.astimezone(self._config.city.zone).date())) if mine else ""
        buttons = [Button(said("menu.go_on"), data(TO, "on", mark))] if begun and begun.session else []
        buttons.append(Button(said("menu.begin_full"), data(TO, "begin", mark, "all")))
        buttons += [
            Button(said("menu.begin_stage", stage=said(f"stage.{stage}")), data(TO, "begin", mark, stage))
            for stage in self._config.service_of(service).stages
        ]
        buttons += [Button(said("menu.result"), data(TO, "seen", mark))] if mine else []
        lines = [self._config.service_of(service).label(worker.language), last or said("menu.none_yet")]
        lines += [said("about.source"), said("about.use")]
        return worker.screen(lines, *buttons, self._back(worker))

    def _result(self, worker: Worker, service: str) -> Prompt:
        said, now = words(worker.language), worker.visit.ledger.now
        mine = self._kept.mine(worker.visit.db, worker.person, service, now)
        url = f"{public_url(self._config)}/manage/assess/{service}"
        name = self._config.service_of(service).label(worker.language)
        lines = told(mine, name, said, self._config.city.zone) if mine else [said("menu.none_yet")]
        return worker.screen([*lines, f"{said('menu.page')}: {url}"], self._back(worker))

    # ----------------------------------------------------------------- the passage

    def _begin(self, worker: Worker, service: str, stage: str | None) -> tuple[Prompt, ...]:
        visit = worker.visit
        form_id = stored.begin(visit.db, worker.person, service, stage, visit.ledger.now)
        form = stored.get(visit.db, form_id)
        if form is None:  # it was written in this transaction
            return ()
        flow = self._flow(worker, form)
        tag = codes.tag(f"assess {form_id} {visit.ledger.now.isoformat()}")
        context = Context(worker.language, visit.guest.contact.channel, tag, transcript.RECEIPT)
        return self._walked(worker, form, engine.start(flow, context, visit.ledger.now))

    def _flow(self, worker: Worker, form: Form, name: str = "") -> Flow:
        """Return the form as a flow: as somebody began it (`name`), else with all that can be foretold now."""
        db = worker.visit.db
        ahead = self._kept.ahead(db, form.service, worker.visit.ledger.now) if not name else []
        found = forms.rounds_of(name) if name else [row.id for row in ahead if form.stage in {None, row.stage}]
        languages = tuple(dict.fromkeys((worker.language, *self._config.city.languages)))
        return forms.flow(languages, self._catalog, form.stage, self._kept.asked_of(db, found))

    def _go_on(self, worker: Worker, service: str) -> tuple[Prompt, ...]:
        """Ask again where somebody has stopped."""
        form = stored.begun(worker.visit.db, worker.person, service)
        if form is None or form.session is None:
            return (self._service(worker, service),)
        session = memory.load(form.session)
        worker.waits(f"{ASSESSING} {form.id}")
        asks = engine.ask_again(self._flow(worker, form, session.flow), session)
        return self._with_ways_out(worker, asks, session.tag)

    def heard(self, worker: Worker, which: str, message: Message) -> tuple[Prompt, ...] | None:
        """Take a message as the next answer; None where it is for somebody else."""
        form = stored.get(worker.visit.db, n) if (n := whole(which)) is not None else None
        if form is None or form.person_id != worker.person or form.session is None:
            worker.waits(None)
            return None
        session = memory.load(form.session)
        tag, state, _ = parse_button(message.data) or ("", "", "")
        if message.kind is Kind.TAP and tag != session.tag:
            return None
        flow = self._flow(worker, form, session.flow)
        if state == PAUSE or word_of(flow.script(session.language), message.text) == "stop":
            worker.waits(None)
            return (worker.screen(words(worker.language)("form.paused"), self._back(worker)),)
        return self._walked(worker, form, engine.advance(flow, session, message, worker.visit.ledger.now))

    def _walked(self, worker: Worker, form: Form, turn: Turn) -> tuple[Prompt, ...]:
        """Keep how far somebody has come, what they foretell at once, and at the end all of it."""
        visit, session = worker.visit, turn.session
        late = self._foretold(worker, turn)
        said = (*(Prompt(words(worker.language)("form.locked")) for _ in late), *turn.prompts)
        if session.active:
            stored.remember(visit.db, form.id, memory.dump(session), visit.ledger.now)
            worker.waits(f"{ASSESSING} {form.id}")
            shown = said or (worker.screen(words(worker.language)("form.aside")),)
            return self._with_ways_out(worker, shown, session.tag)
        worker.waits(None)
        if session.status is Status.COMPLETED:
            self._kept.finish(visit.db, form, session, visit.ledger.now)
            return (*said, self._result(worker, form.service))
        return said

    def _foretold(self, worker: Worker, turn: Turn) -> list[int]:
        """Keep what was just foretold; return the rounds that have their first answer already."""
        just = {event.answer.state for event in turn.events if isinstance(event, Answered)}
        said = {each: of for each, of in forms.guesses(turn.session).items() if f"{forms.GUESS}{each}" in just}
        db, now = worker.visit.db, worker.visit.ledger.now
        return [each for each, of in said.items() if not self._kept.predict(db, worker.person, each, of, now)]

    @staticmethod
    def _with_ways_out(worker: Worker, prompts: tuple[Prompt, ...], tag: str) -> tuple[Prompt, ...]:
        """Put Back and Pause under each question."""
        said = words(worker.language)
        ways = (word_button(worker.text("back"), "back"), Button(said("form.pause"), f":{PAUSE}:{PAUSE}", helper=True))
        return tuple(
            replace(each, offers=(*each.offers, *ways), tag=tag) if each.state is not None else each for each in prompts
        )
