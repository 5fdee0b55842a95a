"""Every transcript is played, line by line; what the bot says must be what stands there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows import transcript
from flows.catalog import Catalog
from tests.flows.talk import NOW, Talk

if TYPE_CHECKING:
    from flows.transcript import Transcript

FOLDER = Path(__file__).parent / "transcripts"
FILES = sorted(FOLDER.rglob("*.txt"))
VERBS = FOLDER.with_name("verbs")
"""A flow for the ways to answer that the ready flows do not use."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load(extra=[VERBS])


def played(catalog: Catalog, written: Transcript) -> str:
    """Return the conversation as it goes today."""
    head = written.head
    version = int(head["version"]) if "version" in head else None
    try:
        flow = catalog.get(head["flow"], version)
    except LookupError:
        pytest.fail(f"{head['flow']} has no version {version}: write the present one at the top of the transcript")
    talk = Talk(
        flow, head.get("language", flow.language), head.get("channel", "console"), now=transcript.moment(head, NOW)
    )
    lines = [transcript.said(talk.turn.prompts)]
    for sent in written.sent:
        talk.says(sent)
        lines += [transcript.heard(sent), transcript.said(talk.turn.prompts)]
    return "".join([*lines, transcript.ending(talk.session)])


@pytest.mark.parametrize("file", FILES, ids=[file.relative_to(FOLDER).as_posix() for file in FILES])
def test_a_transcript_is_what_is_said(file: Path, catalog: Catalog, request: pytest.FixtureRequest) -> None:
    written = transcript.read(file.read_text(encoding="utf-8"))
    now = played(catalog, written)
    if request.config.getoption("--rewrite-transcripts"):
        file.write_text(transcript.head_text(written.head, written.notes) + now, encoding="utf-8")
    elif not transcript.matches(written.text, now):
        assert written.text == now, "to write down what is said now: pytest --rewrite-transcripts"


def test_a_written_line_may_end_in_dots_for_the_rest() -> None:
    assert transcript.matches("< Please choose ...\n> 1\n", "< Please choose one of these.\n> 1\n")
    assert not transcript.matches("< Please choose ...\n> 1\n", "< Please tell us.\n> 1\n")


def test_a_transcript_reads_back_what_was_sent() -> None:
    talk = "< Hello\n    1 Yes\n> 1\n< Why?\n> first line\n  second line\n\n  third\n= completed\n"
    text = f"# a note\nflow: small\n\n{talk}"
    read = transcript.read(text)
    assert read.head == {"flow": "small"}
    assert read.notes == ("# a note",)
    assert read.sent == ("1", "first line\nsecond line\n\nthird")
