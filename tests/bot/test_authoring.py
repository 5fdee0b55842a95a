"""Beginning a flow on the command line: from options, from a pipe, and by a person; all or nothing is written."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from bot import cli
from bot.authoring import OFFERING, Draft, Offer, Plan, first_talk, short_name
from bot.commands import authoring
from flows import transcript
from flows.catalog import Catalog
from tests.flows.talk import NOW
from tests.flows.test_transcripts import played

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PACKAGED = Catalog.load()
HEAD = ("--title", "When should we open?", "--stage", "design", "--language", "en", "--frame", "round")
TYPED = """Which change would help you most?
choose
Open later > which_day
Book online

priority

On which days should we open later?
pick
Monday to Friday
Saturday



How good or poor is it?
rate
exp5
overall


"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to write in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIVICLOOP_FLOWS__FOLDER", "")
    return tmp_path


def new(monkeypatch: pytest.MonkeyPatch, typed: str, *words: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return cli.main(["new", "flow", *words])


def read(folder: Path, name: str) -> Catalog:
    catalog = Catalog.load(extra=[folder / f"{name}.toml"])
    assert not [issue for issue in catalog.issues if issue.file == f"{name}.toml"]
    return catalog


def test_a_flow_from_options_alone_passes_its_check_and_its_talk_plays_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = (
        *("--question", "priority | choose | Which change would help you most? | Open later | Other > other | > how"),
        *("--question", "other | ask | What would help you?"),
        *("--question", "how | rate | How good or poor is it? | exp5"),
        *("--question", "where | place | Where was it?"),
        *("--question", "many | number | How many times a week?"),
    )
    assert new(monkeypatch, "", "opening_hours", *HEAD, *questions) == 0
    catalog = read(folder, "opening_hours")
    flow = catalog.get("opening_hours")
    states = flow.scripts["en"].states
    assert [way.to for way in states["priority"].next] == ["how"]
    assert [way.to for way in states["many"].next] == ["thanks"]
    talk = transcript.read((folder / "opening_hours.plain.en.txt").read_text(encoding="utf-8"))
    assert talk.text.splitlines()[-1].startswith("= completed  age=yes  begin=yes  priority=open_later")
    assert played(catalog, talk) == talk.text


@pytest.mark.parametrize("verb", authoring.VERBS)
def test_a_flow_with_each_verb_has_a_first_talk_that_comes_to_its_end(verb: str) -> None:
    said = "exp5" if verb == "rate" else "First | Second | Third" if verb in OFFERING else ""
    plan = Plan("one", "T", "design", "en", "pulse", (Draft.read(f"q | {verb} | What fits you? | {said}"),))
    catalog = Catalog.of({**PACKAGED.texts, "one.toml": plan.toml()})
    assert [issue for issue in catalog.issues_of("one") if issue.severity == "error"] == []
    talk = transcript.read(first_talk(catalog.get("one"), NOW))
    assert talk.text.splitlines()[-1].startswith("= completed")
    assert played(catalog, talk) == talk.text


def test_what_no_option_says_is_read_from_a_pipe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = f"hours\nWhen should we open?\ndesign\nen\nround\n{TYPED}"
    assert new(monkeypatch, typed) == 0
    states = read(folder, "hours").get("hours").scripts["en"].states
    assert [state for state in states if state in {"priority", "which_day", "overall"}] == [
        "priority",
        "which_day",
        "overall",
    ]
    assert states["priority"].options[0].next == "which_day"  # type: ignore[union-attr] # a choose has options


@pytest.mark.parametrize(
    ("typed", "words", "said"),
    [
        ("", ("hours",), "the answers ended before: What do citizens read as its title?"),
        ("", ("Hours",), '"Hours" cannot be its name.'),
        ("", ("deliver_pulse",), "there is a flow deliver_pulse already."),
        ("", ("hours", *HEAD[:6], "--frame", "gold"), '"gold" is none of: pulse, round.'),
        ("", ("hours", *HEAD[:4], "--language", "tlh"), '"tlh" is none of: en, '),
        ("", ("hours", *HEAD, "--question", "Why?"), 'a question is written "NAME | VERB | QUESTION'),
        ("", ("hours", *HEAD, "--question", "q | guess | Why?"), 'q: "guess" is none of: choose'),
        ("", ("hours", *HEAD, "--question", "q | ask | Why? | > nowhere"), 'there is no question "nowhere".'),
        ("Why?\nguess\n", ("hours", *HEAD), '"guess" is none of: choose'),
        ("\n", ("hours", *HEAD), "One question at least."),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    words: Sequence[str],
    said: str,
) -> None:
    assert new(monkeypatch, typed, *words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1
    assert list(folder.iterdir()) == []


def test_faults_of_the_whole_are_listed_with_their_lines(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    round_ = ("--question", "a | ask | Why? | > b", "--question", "b | ask | Why? | > a")
    assert new(monkeypatch, "", "hours", *HEAD, *round_) == 1
    assert "hours.toml, line " in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_person_is_asked_again_and_reminded_of_questions_still_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(authoring, "interactive", lambda: True)
    typed = "\nWhich?\nguess\nchoose\nYes\nNo > reason\n\nfirst\n\n\nWhy?\nask\n\n\n\n"
    assert new(monkeypatch, typed, "hours", *HEAD) == 0
    out = capsys.readouterr().out
    assert "One question at least." in out
    assert '"guess" is none of: choose' in out
    assert '"reason" is still to be asked.' in out
    assert 'What do you ask in "reason"?' in out
    assert '"Tea > thanks" to the end' in out
    assert "reason" in read(folder, "hours").get("hours").scripts["en"].states


def test_whoever_is_asked_for_a_frame_is_told_what_each_is_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(authoring, "interactive", lambda: True)
    assert new(monkeypatch, "pulse\nWhy?\nask\n\n\n\n", "hours", *HEAD[:-2]) == 0
    out = capsys.readouterr().out
    assert "pulse: short, each answer counts at once · round: formal, who decides and by when; " in out
    assert read(folder, "hours").get("hours").frame == "pulse"


def test_ctrl_c_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped:
        lines = iter(TYPED.splitlines(keepends=True)[:4])

        def readline(self) -> str:
            try:
                return next(self.lines)
            except StopIteration:
                raise KeyboardInterrupt from None

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", Stopped())
    assert cli.main(["new", "flow", "hours", *HEAD]) == cli.STOPPED_BY_HAND
    assert list(folder.iterdir()) == []


def test_a_file_that_is_there_is_never_written_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "hours.toml").write_text("mine", encoding="utf-8")
    assert new(monkeypatch, "", "hours", *HEAD, "--question", "a | ask | Why?") == 1
    assert (folder / "hours.toml").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_cannot_be_written_leaves_nothing_half_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "taken").write_text("a file", encoding="utf-8")
    assert new(monkeypatch, "", "hours", *HEAD, "--question", "a | ask | Why?", "--into", "taken/below") == 1
    assert "cannot be written" in capsys.readouterr().err
    assert [file.name for file in folder.iterdir()] == ["taken"]


def test_a_flow_in_another_script_gets_numbers_for_names() -> None:
    offers = (Offer("نعم"), Offer("Yes, of course we should really do it"), Offer("Yes"), Offer("Yes"))
    text = Plan("f", "T", "design", "ar", "pulse", (Draft("q", "choose", "ما رأيكم؟", offers),)).toml()
    assert 'id = "answer_1", label = "نعم"' in text
    assert 'id = "yes_of_course_we_should"' in text
    assert 'id = "yes", label' in text
    assert 'id = "answer_4", label' in text


def test_short_names_are_whole_words() -> None:
    assert short_name("¿Abrir más tarde los domingos y festivos?") == "abrir_mas_tarde_los"
