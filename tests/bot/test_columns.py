"""What follows from answers in an export: for each passage of a person, and never more than may be shown."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType

from bot.columns import with_columns
from flows.model import Choose, Comparison, Flow, Line, Option, Script
from storage.answers import AnswerRow

WAY = Line((Comparison("how", "is", "bus"),), answer="line")
FLOW = Flow(
    id="trip",
    version=1,
    stage=None,
    language="en",
    start="how",
    scripts=MappingProxyType({"en": Script("en", {"how": Choose(id="how", options=(Option("bus", "Bus"),))}, {}, {})}),
    columns={"way": (WAY,), "known": (Line(value="yes"),)},
)


def row(state: str, who: int = 1, **said: object) -> AnswerRow:
    """Return an answer as an export gets it."""
    at = datetime(2026, 11, 18, tzinfo=UTC)
    told = AnswerRow(1, "bus", "pilot", "trip", 1, bytes([who]), state, "ask", "en", "web", at)
    return told._replace(**said)  # type: ignore[arg-type]


def followed(*rows: AnswerRow) -> list[tuple[int, str, str | None]]:
    shown = [*with_columns(FLOW, rows)]
    assert shown[: len(rows)] == [*rows]
    assert {one.verb for one in shown[len(rows) :]} <= {"column"}
    return [(one.pseudonym[0], one.state, one.choice) for one in shown[len(rows) :]]


def test_each_person_has_columns_of_their_own() -> None:
    rows = [row("how", 1, choice="bus"), row("how", 2, choice="bus"), row("line", 2, text="12"), row("line", text="7")]
    assert followed(*rows) == [(1, "way", "7"), (1, "known", "yes"), (2, "way", "12"), (2, "known", "yes")]


def test_who_comes_again_has_them_again() -> None:
    rows = [row("how", choice="bus"), row("line", text="7"), row("how", choice="bus"), row("line", text="8")]
    assert [said for _, name, said in followed(*rows) if name == "way"] == ["7", "8"]


def test_nothing_follows_from_what_is_not_shown() -> None:
    assert followed(row("how", choice="bus"), row("line")) == [(1, "known", "yes")]
    assert followed(row("how"), row("line", text="7")) == [(1, "known", "yes")]


def test_a_question_left_out_is_no_secret() -> None:
    assert followed(row("how", skipped=True), row("line", text="7")) == [(1, "known", "yes")]
