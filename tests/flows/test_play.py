"""Playing a flow in the terminal, and the terminal as a channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.channels.base import Outbound, Raw, Sent
from bot.channels.console import ADDRESS, Console
from bot.errors import Unreadable
from bot.play import WAITS, again, play
from flows import transcript
from flows.catalog import Catalog
from flows.model import Kind, Status
from tests.flows.test_transcripts import FILES, FOLDER, VERBS, played

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from flows.model import Flow

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_a_talk_in_the_terminal_goes_on_to_its_end(catalog: Catalog) -> None:
    out: list[str] = []
    lines = ["1\n", "yes\n", "very good\n", "\n", "HUMAN\n", "It was quick\n", "STOP\n", "never read\n"]
    session = play(catalog.get("deliver_pulse"), "en", lines, out.append, NOW)
    text = "".join(out)
    assert session.status is Status.STOPPED
    assert session.answers["overall"].value == "5"
    assert "1 Very good\n2 Good" in text
    assert "{" not in text
    assert text.endswith("= stopped  age=yes  begin=yes  overall=5  reason=It was quick\n")


def test_a_talk_ends_where_the_lines_end(catalog: Catalog) -> None:
    session = play(catalog.get("deliver_pulse"), "es", ["1"], lambda _: None, NOW)
    assert session.active
    assert session.language == "es"


def test_a_saved_talk_is_a_transcript_that_plays_the_same(catalog: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "talk.txt"
    lines = ["sí", "1", "(tap 2)", "CAMBIAR", "1", "muy buena", "hmm", "LENGUA", "SALTAR", "/stop"]
    play(catalog.get("deliver_pulse"), "es", lines, lambda _: None, NOW, file)
    saved = transcript.read(file.read_text(encoding="utf-8"))
    assert saved.sent == tuple(lines)
    assert played(catalog, saved) == saved.text


def test_a_terminal_lists_the_buttons_that_are_no_answers_as_they_are_typed() -> None:
    out: list[str] = []
    session = play(in_german(), "de", ["SKIP", "(tap Spiele)", "(tap Fertig)"], out.append, NOW)
    assert "(tap Fertig) (tap Auslassen)\n" in out
    assert session.answers["leihen"].value == ("spiele",)


def test_in_a_german_talk_the_word_that_ends_the_wait_is_german() -> None:
    out: list[str] = []
    play(in_german(), "de", ["Die Lampe"], out.append, NOW)
    assert "(wait) lets the time pass, FERTIG goes on." in "".join(out)


def test_a_talk_in_which_somebody_said_today_goes_the_same_on_another_day(tmp_path: Path) -> None:
    text = 'flow = "when"\nversion = 1\nlanguage = "en"\nstage = "design"\ntitle = "When"\nstart = "day"\n'
    states = '[states.day]\ndate = "Which day was it?"\n\n[states.bye]\nend = "Thank you."\n'
    flow, file = Catalog.load().beside({"when.toml": text + states}).get("when"), tmp_path / "talk.txt"
    play(flow, "en", ["today"], lambda _: None, NOW, file)
    written = transcript.read(file.read_text(encoding="utf-8"))
    assert "day=2026-11-23" in written.text
    assert again(flow, written, NOW + timedelta(days=9)) == written.text


def in_german() -> Flow:
    """Return a flow, written in German, with a question that several messages answer and one that is tapped."""
    text = """flow = "lampe"
version = 1
language = "de"
stage = "design"
title = "Lampe"
start = "was"

[states.was]
ask = "Was ist los?"
joins_within_seconds = 20
optional = true

[states.leihen]
pick = "Was möchten Sie ausleihen?"
optional = true
options = [{ id = "spiele", label = "Spiele" }, { id = "werkzeug", label = "Werkzeug" }]

[states.ende]
end = "Danke."
"""
    return Catalog.load().beside({"lampe.toml": text}).get("lampe")


@pytest.mark.parametrize("file", FILES, ids=[file.relative_to(FOLDER).as_posix() for file in FILES])
def test_each_kept_talk_goes_the_same_as_the_command_plays_it(file: Path, verbs: Catalog) -> None:
    written = transcript.read(file.read_text(encoding="utf-8"))
    flow = verbs.get(written.head["flow"])
    assert transcript.difference(written.text, again(flow, written, NOW)) is None


@pytest.fixture(scope="module")
def verbs() -> Catalog:
    return Catalog.load(extra=[VERBS])


async def test_the_console_keeps_the_contract_of_channels() -> None:
    out: list[str] = []
    taken: list[Raw] = []

    async def accept(raws: Sequence[Raw]) -> None:
        taken.extend(raws)

    console = Console(["first\n", "second\n"], out.append)
    await console.listen(accept)
    assert [raw.external_id for raw in taken] == ["1", "2"]
    inbound = console.parse(taken[0])[0]
    assert (inbound.address, inbound.message.kind, inbound.message.text) == (ADDRESS, Kind.TEXT, "first")
    assert await console.send(Outbound("key", ADDRESS, "Hello")) == Sent("key")
    assert out == ["Hello\n"]
    await console.close()


def test_the_console_reads_nothing_out_of_an_empty_line_and_refuses_what_is_no_text() -> None:
    console = Console([], lambda _: None)
    assert console.parse(Console.raw("  \n", 1)) == []
    with pytest.raises(Unreadable, match="line 7"):
        console.parse(Raw("console", "7", b"\xff\xfe"))


def test_in_a_terminal_the_time_stands_still_until_it_is_let_pass(tmp_path: Path) -> None:
    out: list[str] = []
    file = tmp_path / "talk.txt"
    with_verbs = Catalog.load(extra=[VERBS])
    session = play(
        with_verbs.get("in_a_row"), "en", ["The lamp", "is broken", "(wait)", "Since May"], out.append, NOW, file
    )
    assert session.status is Status.COMPLETED
    assert session.answers["problem"].value == "The lamp\nis broken"
    assert [text.strip() for text in out if "waits" in text] == [WAITS.format(done="DONE")] * 2
    saved = transcript.read(file.read_text(encoding="utf-8"))
    assert saved.sent[2] == "(wait)"
    assert "(wait) lets" not in saved.text
    assert played(with_verbs, saved) == saved.text
