"""A session goes to JSON and comes back unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows import memory
from flows.model import Answer, Part, Session, Status

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.one_of(
    st.none(), names, st.floats(allow_nan=False, allow_infinity=False), st.lists(names, max_size=3).map(tuple)
)
WHOLE = (
    '{"flow":"pulse","version":2,"language":"es","channel":"web","tag":"ab12","receipt":"K7M2-9QXR","state":"day",'
    '"tries":1,"asking":"","returns":null,"started_at":"2026-11-23T09:00:00+00:00","first_time":true,"area":null,'
    '"status":"active","trail":["hours","lamp"],"picked":["mon"],"answers":[["hours","late",""],["lamp","f1","Rota"],'
    '["minutes",5.0,""],["days",["mon","tue"],""],["why",null,""]]}'
)
"""A session as the first version kept it, every field written."""
SHORT = (
    '{"flow":"pulse","version":2,"language":"es","channel":"web","tag":"ab12","receipt":"K7M2-9QXR","state":"day",'
    '"answers":{"hours":["hours","late",""],"lamp":["lamp","f1","Rota"],"minutes":["minutes",5.0,""],'
    '"days":["days",["mon","tue"],""],"why":["why",null,""]},"trail":["hours","lamp"],"picked":["mon"],"tries":1,'
    '"started_at":"2026-11-23T09:00:00+00:00"}'
)
"""The same session as it is kept now."""

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
    parts=st.dictionaries(names, st.lists(st.builds(Part, names, names), max_size=3).map(tuple), max_size=2),
    joins_until=names,
)


@given(sessions)
def test_a_session_survives_json(session: Session) -> None:
    back = memory.load(memory.dump(session))
    assert back == session
    assert list(back.answers) == list(session.answers)


@pytest.mark.parametrize("text", [WHOLE, SHORT])
def test_a_session_is_read_as_it_is_kept_and_as_it_was_kept_before(text: str) -> None:
    given = [
        Answer("hours", "late"),
        Answer("lamp", "f1", "Rota"),
        Answer("minutes", 5.0),
        Answer("days", ("mon", "tue")),
        Answer("why", None),
    ]
    session = Session(
        flow="pulse",
        version=2,
        language="es",
        channel="web",
        tag="ab12",
        receipt="K7M2-9QXR",
        state="day",
        tries=1,
        started_at="2026-11-23T09:00:00+00:00",
        answers={answer.state: answer for answer in given},
        trail=("hours", "lamp"),
        picked=("mon",),
    )
    assert memory.load(text) == session
    assert memory.dump(session) == SHORT


def test_what_is_usual_takes_no_room() -> None:
    text = memory.dump(Session("pulse", 2, "es", "web", "ab12", "K7M2-9QXR", "day"))
    assert not any(word in text for word in ("tries", "picked", "area", "active"))


@pytest.mark.parametrize("text", ["", "{}", "[]", "3", '{"answers": 3}', "null", WHOLE.replace('"tries"', '"tires"')])
def test_what_is_no_session_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a session"):
        memory.load(text)


def test_a_session_cannot_gain_a_field_it_does_not_have() -> None:
    session = Session("f", 1, "en", "web", "tag", "receipt", "state")
    assert session.moved(state="next").state == "next"
    with pytest.raises(TypeError):
        session.moved(statte="next")
