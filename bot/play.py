"""Play a flow in the terminal: a conversation without a database, for authors and for the curious."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.console import NAME, Console
from bot.compose import compose
from flows import engine, transcript
from flows.examples import filled
from flows.model import Asked, Context, Prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from flows.model import Flow, Session, Turn
    from flows.transcript import Transcript


WAITS = "(The next question waits: more words may come. (wait) lets the time pass, {done} goes on.)"
"""Told to authors: time stands still in a terminal."""
ALONE = {engine.MINE: "mine_none"}
"""What is said where no database is, by the word that was asked, where its phrase has another name."""
BROKEN_OFF = "(Nothing more was typed: the talk stopped before its end.{said})"


def play(
    flow: Flow,
    language: str,
    lines_in: Iterable[str],
    write: Callable[[str], object],
    now: datetime,
    save_to: Path | None = None,
) -> Session:
    """Talk `flow` through with whoever sends `lines_in`, until its end or theirs; return the session as it then is.

    `write` is like `print`. Placeholders are filled with examples. With `save_to` the talk is kept there as a
    transcript, to be played `again`.
    """
    talk = _Talk(filled(flow), language, NAME, lines_in, write, now)
    session = talk.run()
    if save_to is not None:
        save_to.write_text(talk.transcript(), encoding="utf-8")
    return session


def again(flow: Flow, written: Transcript, now: datetime) -> str:
    """Return how a written conversation goes today, sent line by line as it stands there."""
    language, channel = written.head.get("language", flow.language), written.head.get("channel", NAME)
    talk = _Talk(filled(flow), language, channel, written.sent, lambda _: None, transcript.moment(written.head, now))
    talk.run(on=True)
    return "".join(talk.kept)


class _Talk:
    """One conversation at a terminal."""

    def __init__(
        self,
        flow: Flow,
        language: str,
        channel: str,
        lines_in: Iterable[str],
        write: Callable[[str], object],
        now: datetime,
    ) -> None:
        self.flow = flow
        self.lines_in = lines_in
        self.now = now
        self.context = Context(language, channel, tag=transcript.TAG, receipt=transcript.RECEIPT)
        self.console = Console(lines_in, write)
        self.kept: list[str] = []

    def run(self, *, on: bool = False) -> Session:
        """Take line after line until the end; with `on`, also what is sent after it."""
        turn = engine.start(self.flow, self.context, self.now)
        self.show(turn)
        for number, line in enumerate(self.lines_in, 1):
            turn = self.hear(turn.session, number, line) or turn
            if not turn.session.active and not on:
                break
        self.kept.append(transcript.ending(turn.session))
        ended = self.kept[-1].rstrip("\n")
        answers = ended.partition("  ")[2]
        said = f" So far: {answers}" if answers else ""
        self.console.show(BROKEN_OFF.format(said=said) if turn.session.active else ended)
        return turn.session

    def hear(self, session: Session, number: int, line: str) -> Turn | None:
        """Take one line; an empty one is nothing."""
        turn = None
        for inbound in self.console.parse(Console.raw(line, number)):
            self.kept.append(transcript.heard(line.strip("\n")))
            turn = engine.advance(self.flow, session, inbound.message, self.now)
            self.show(turn)
        return turn

    def show(self, turn: Turn) -> None:
        """Say what the turn says; what only a running bot can answer is answered from its phrases."""
        asked = [event.word for event in turn.events if isinstance(event, Asked)]
        prompts = (*turn.prompts, *self.answer_for_the_desk(turn, asked)) if asked else turn.prompts
        self.kept.append(transcript.said(turn.prompts))
        for part in compose(prompts, self.console.capabilities):
            self.console.show(part.text)
        if turn.session.wakes_at is not None:
            done = self.flow.script(turn.session.language).phrases["done_label"]
            self.console.show(WAITS.format(done=done.upper()))
        buttons = next((one.buttons for one in reversed(prompts) if one.buttons), ())
        if helpers := [f"(tap {one.label})" for one in buttons if one.helper]:
            self.console.show(" ".join(helpers))
        self.console.remember(buttons)

    def answer_for_the_desk(self, turn: Turn, asked: Iterable[str]) -> tuple[Prompt, ...]:
        """Say how to reach a person, where that was asked, and repeat the question."""
        phrases = self.flow.script(turn.session.language).phrases
        said = [Prompt(phrases[key]) for word in asked if (key := ALONE.get(word, word)) in phrases]
        return (*said, *engine.ask_again(self.flow, turn.session))

    def transcript(self) -> str:
        """Return the talk as a transcript file."""
        return transcript.head_text(transcript.head_of(self.flow, self.context.language, self.now)) + "".join(self.kept)
