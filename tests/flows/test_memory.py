"""A session goes to JSON and comes back unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import memory
from flows.model import Answer, Session, Status

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.one_of(st.none(), names, st.floats(allow_nan=False), st.lists(names, max_size=3).map(tuple))
answers = st.lists(st.builds(Answer, names, values, names), max_size=4).map(
    lambda many: {one.state: one for one in many}
)
sessions = st.builds(
    Session,
    flow=names,
    version=st.integers(1, 99),
    language=names,
    channel=names,
    tag=names,
    receipt=names,
    state=names,
    status=st.sampled_from(Status),
    answers=st.lists(st.builds(Answer, names, values, names), max_size=4).map(
        lambda many: {one.state: one for one in many}
    ),
    trail=st.lists(names, max_size=3).map(tuple),
    picked=st.lists(names, max_size=3).map(tuple),
    tries=st.integers(0, 9),
    asking=st.sampled_from(["", "change", "language"]),
    returns=st.none() | names,
    started_at=names,
    first_time=st.booleans(),
    area=st.none() | names,
)


@given(sessions)
def test_a_session_survives_json(session: Session) -> None:
    back = memory.load(memory.dump(session))
    assert back == session
    assert list(back.answers) == list(session.answers)


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"answers": 3}', "null"])
def test_what_is_no_session_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a session|Expecting"):
        memory.load(text)


def test_a_session_cannot_gain_a_field_it_does_not_have() -> None:
    session = Session("f", 1, "en", "web", "tag", "receipt", "state")
    assert session.moved(state="next").state == "next"
    with pytest.raises(KeyError):
        session.moved(statte="next")
