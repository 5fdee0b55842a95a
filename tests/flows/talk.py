"""A citizen talking to a flow: `talk.says("2"); talk.hears("…")`. The session always goes through JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from flows import engine, memory, transcript
from flows.catalog import PACKAGED
from flows.examples import filled
from flows.model import Answered, Context, Kind, Message, Withdrawn
from flows.source import compile_files
from flows.words import fill

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.model import Answer, Button, Event, Flow, Session, Turn, Value

E = TypeVar("E")

LANGUAGES = ("en", "es", "fr", "de", "pt", "ar")
"""Every language civicloop comes in."""

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PHRASES = {
    f"frames/{name}": (PACKAGED / "frames" / name).read_text(encoding="utf-8")
    for name in ("phrases.toml", "phrases.es.toml")
}
"""The engine's own sentences, which every flow needs."""


def flow_of(states: str, *, start: str = "", head: str = "", beside: Mapping[str, str] | None = None) -> Flow:
    """Compile a small flow out of its states' TOML; `{{}}` stands for nothing: texts are as written."""
    return compile_files(files_of(states, start=start, head=head, beside=beside))


def files_of(
    states: str, *, start: str = "", head: str = "", beside: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the files of a small flow, phrases included."""
    first = start or states.partition("[states.")[2].partition("]")[0]
    top = (
        f'flow = "small"\nversion = 1\nstage = "design"\nlanguage = "en"\ntitle = "Small"\nstart = "{first}"\n{head}\n'
    )
    return {**PHRASES, "small.toml": top + states, **(beside or {})}


_FILLED: dict[int, tuple[Flow, Flow]] = {}


def _filled(flow: Flow) -> Flow:
    """Return `flow` with examples in its placeholders; made once for each flow, which is kept so that its id stays."""
    if id(flow) not in _FILLED:
        _FILLED[id(flow)] = (flow, filled(flow))
    return _FILLED[id(flow)][1]


class Talk:
    """One citizen's passage through a flow."""

    def __init__(
        self,
        flow: Flow,
        language: str = "en",
        channel: str = "console",
        *,
        first_time: bool = True,
        area: str | None = None,
        tag: str = "tag",
        now: datetime = NOW,
        before: tuple[str, ...] | None = None,
        last: bool = False,
    ) -> None:
        self.now = now
        self.flow = _filled(flow)
        context = Context(language, channel, tag, transcript.RECEIPT, first_time, area, before, last)
        self.turns: list[Turn] = []
        self.counted: dict[str, Answer] = {}
        """What a store would hold that only ever read the events."""
        self._keep(engine.start(self.flow, context, now))

    def _keep(self, turn: Turn) -> None:
        self.turns.append(turn)
        for event in turn.events:
            match event:
                case Answered(answer=answer):
                    self.counted[answer.state] = answer
                case Withdrawn(state=state):
                    self.counted.pop(state, None)
                case _:
                    pass

    @property
    def turn(self) -> Turn:
        """The last turn."""
        return self.turns[-1]

    @property
    def session(self) -> Session:
        """Where the citizen stands now."""
        return self.turn.session

    @property
    def text(self) -> str:
        """All that the last turn said."""
        return "\n".join(prompt.text for prompt in self.turn.prompts)

    @property
    def buttons(self) -> Sequence[Button]:
        """The buttons last shown."""
        shown = (prompt.buttons for turn in reversed(self.turns) for prompt in reversed(turn.prompts))
        return next((buttons for buttons in shown if buttons), ())

    @property
    def answers(self) -> dict[str, Value]:
        """The current answers by state."""
        return {state: answer.value for state, answer in self.session.answers.items()}

    def sends(self, message: Message) -> Talk:
        """Send any message; the short way of plain answers must come to the same turn as the long one."""
        session = memory.load(memory.dump(self.session))
        assert session == self.session
        turn = engine.advance(self.flow, session, message, self.now)
        assert turn == engine._turn(self.flow, session, message, self.now)
        self._keep(turn)
        return self

    def says(self, *texts: str) -> Talk:
        """Send texts, one after the other; `(tap Skip)`, `(photo …)` and the like as in a transcript."""
        for text in texts:
            self.sends(transcript.message(text, self.buttons))
        return self

    def taps(self, *labels: str) -> Talk:
        """Tap the buttons with these labels, as they are shown at that moment."""
        for label in labels:
            self.sends(Message(Kind.TAP, data=self.button(label).data))
        return self

    def button(self, label: str) -> Button:
        """Return the button with this label among those last shown."""
        found = [button for button in self.buttons if button.label == label]
        assert found, f"no button {label!r} among {[button.label for button in self.buttons]}"
        return found[0]

    def edits(self, state: str, text: str) -> Talk:
        """Edit the message that once answered `state`."""
        return self.sends(Message(Kind.TEXT, text, amends=state))

    def hears(self, *parts: str) -> Talk:
        """Check that the last turn said all of this."""
        for part in parts:
            assert part in self.text, f"{part!r} is not in {self.text!r}"
        return self

    def is_told(self, phrase: str, **values: object) -> Talk:
        """Check that the last turn said one of the engine's own sentences."""
        text = self.flow.script(self.session.language).phrases[phrase]
        return self.hears(fill(text, values))

    def is_not_told(self, phrase: str) -> Talk:
        """Check that the last turn did not say one of the engine's own sentences."""
        return self.never_hears(self.flow.script(self.session.language).phrases[phrase])

    def never_hears(self, *parts: str) -> Talk:
        """Check that the last turn said none of this."""
        for part in parts:
            assert part not in self.text, f"{part!r} is in {self.text!r}"
        return self

    def stands_at(self, state: str) -> Talk:
        """Check where the citizen stands."""
        assert self.session.state == state, self.session.state
        return self

    def events(self, kind: type[E]) -> list[E]:
        """Return the events of one kind in the last turn."""
        return [event for event in self.turn.events if isinstance(event, kind)]

    def all_events(self) -> list[Event]:
        """Return every event since the start."""
        return [event for turn in self.turns for event in turn.events]
