"""What stays of a session that nobody goes on with."""

from __future__ import annotations

from bot.participation import left
from storage.sessions import SessionRow
from tests.flows.talk import NOW, Talk, flow_of

TWO_LISTS = flow_of("""
[states.here]
pick = "What is good here?"
options = [{ id = "light", label = "Light" }, { id = "quiet", label = "Quiet" }]

[states.missing]
pick = "What is missing?"
options = [{ id = "light", label = "Light" }, { id = "quiet", label = "Quiet" }]

[states.bye]
end = "Thank you."
""")


def test_what_is_ticked_in_an_answer_being_changed_is_not_ticked_in_the_question_come_back_to() -> None:
    changing = Talk(TWO_LISTS).says("1, 2", "CHANGE 1").stands_at("here").session
    row = SessionRow(1, 1, "small", 1, "active", "here", "", b"", NOW, NOW, ended_at=NOW)
    session = left(row, changing)
    assert (session.state, session.picked) == ("missing", ())
