"""What people said: what stands, what counts, what the digest reads, and what erasing leaves."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage import answers, proof
from tests.storage.makers import DAY, MINUTE, NOW, add_round, answer, text

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from storage.database import Database
    from storage.rounds import RoundRow

WEEK = (NOW - 3 * DAY, NOW + 4 * DAY)
MANY = 70_000
"""More than one statement takes parameters, on either database."""


def counted(db: Connection, since: datetime = WEEK[0], until: datetime = WEEK[1]) -> dict[tuple[str, str | None], int]:
    return {(row.state, row.choice): row.answers for row in answers.week_counts(db, "library", since, until)}


def test_an_answer_comes_back_as_given(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        given_ = [
            answer(round_),
            answer(round_, state="well", verb="pick", choice=None, choices='["staff", "time"]', score=None),
            text(round_, "¡Más libros! 📚 \u202bكتب"),
            answer(round_, state="photo", verb="photo", choice=None, score=None, file="f1", text="the door"),
            answer(round_, state="age", verb="number", choice=None, score=41.5),
            answer(round_, state="skip", choice=None, score=None, skipped=True),
        ]
        answers.append(db, given_)
        answers.append(db, [])
        assert answers.of(db, round_.id, b"anna") == given_
        assert answers.of(db, round_.id, b"ben") == []
        assert list(answers.every(db, round_.id)) == given_


def test_in_a_formal_round_answers_count_once_handed_in(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, who, counted_at=None) for who in (b"anna", b"ben")])
        assert counted(db) == {}
        answers.hand_in(db, [(round_.id, b"anna")], NOW + MINUTE)
        answers.hand_in(db, [], NOW)
        assert counted(db) == {("overall", "4"): 1}
        (mine,) = answers.of(db, round_.id, b"anna")
        assert mine.counted_at == NOW + MINUTE
        answers.hand_in(db, [(round_.id, b"anna")], NOW + DAY)
        assert answers.of(db, round_.id, b"anna") == [mine]


def test_what_is_withdrawn_before_handing_in_never_counts(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, counted_at=None), answer(round_, state="why", counted_at=None)])
        answers.withdraw(db, [(round_.id, b"anna", "why")], NOW)
        answers.hand_in(db, [(round_.id, b"anna")], NOW)
        assert counted(db) == {("overall", "4"): 1}


def test_withdrawing_takes_the_newest_answer_and_leaves_an_earlier_passage(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, at=NOW - 7 * DAY, choice="1")])
        answers.append(db, [answer(round_)])
        answers.withdraw(db, [(round_.id, b"anna", "overall"), (round_.id, b"nobody", "overall")], NOW + MINUTE)
        answers.withdraw(db, [], NOW)
        assert counted(db) == {}
        assert counted(db, NOW - 8 * DAY, NOW - 6 * DAY) == {("overall", "1"): 1}


steps = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from("ab"), st.sampled_from("xy"), st.sampled_from("123")),
        st.tuples(st.just("withdraw"), st.sampled_from("ab"), st.sampled_from("xy"), st.just("")),
        st.tuples(st.just("hand_in"), st.sampled_from("ab"), st.just(""), st.just("")),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_sequence_counts_as_a_plain_model_does(
    database: Database, sequence: list[tuple[str, str, str, str]]
) -> None:
    model: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    with database.transaction() as db:
        round_ = add_round(db, f"r{_numbers(db)}", service=f"s{_numbers(db)}")
        for act, who, state, choice in sequence:
            _apply(db, round_, act, who, state, choice)
            _model(model, act, who, state, choice)
        rows = answers.week_counts(db, round_.service, *WEEK)
        standing = [row for who in "ab" for row in answers.of(db, round_.id, who.encode())]
    expected: dict[tuple[str, str | None], int] = {}
    for (_, state), said in model.items():
        for choice, counts in said:
            expected[state, choice] = expected.get((state, choice), 0) + counts
    assert {(row.state, row.choice): row.answers for row in rows} == {key: n for key, n in expected.items() if n}
    assert len(standing) == sum(map(len, model.values()))


def _numbers(db: Connection) -> int:
    from storage import rounds  # noqa: PLC0415

    return len(rounds.find(db))


def _apply(db: Connection, round_: RoundRow, act: str, who: str, state: str, choice: str) -> None:
    match act:
        case "append":
            answers.append(db, [answer(round_, who.encode(), state, choice=choice, counted_at=None)])
        case "withdraw":
            answers.withdraw(db, [(round_.id, who.encode(), state)], NOW)
        case _:
            answers.hand_in(db, [(round_.id, who.encode())], NOW)


def _model(model: dict[tuple[str, str], list[tuple[str, bool]]], act: str, who: str, state: str, choice: str) -> None:
    """Each (person, state) holds a stack of (choice, counts)."""
    match act:
        case "append":
            model.setdefault((who, state), []).append((choice, False))
        case "withdraw":
            model.get((who, state), [None])[-1:] = []
        case _:
            for key in [key for key in model if key[0] == who]:
                model[key] = [(choice, True) for choice, _ in model[key]]


# --------------------------------------------------------------------------- figures


def test_the_week_is_counted_by_question_and_answer_with_people_apart(database: Database) -> None:
    with database.transaction() as db:
        round_, other = add_round(db), add_round(db, "bus", service="bus")
        answers.append(
            db,
            [
                answer(round_, b"anna"),
                answer(round_, b"anna", at=NOW + MINUTE),
                answer(round_, b"ben"),
                answer(round_, b"cleo", choice="na", score=None),
                answer(round_, b"dan", choice=None, score=None, skipped=True),
                answer(round_, b"eve", at=WEEK[0] - MINUTE),
                answer(round_, b"eve", at=WEEK[1]),
                answer(round_, b"eve", counted_at=None),
                answer(round_, b"eve", withdrawn_at=NOW),
                answer(other, b"eve"),
            ],
        )
        rows = answers.week_counts(db, "library", *WEEK)
        found = {(row.choice, row.skipped): (row.answers, row.people) for row in rows}
        assert found == {("4", False): (3, 2), ("na", False): (1, 1), (None, True): (1, 1)}
        first = next(row for row in rows if row.choice == "4")
        assert (first.round_id, first.flow, first.version, first.stage) == (round_.id, "pulse", 1, "deliver")
        assert (first.state, first.item, first.verb, first.score) == ("overall", "del.overall", "rate", 4.0)
        assert answers.week_counts(db, "library", *WEEK, round_id=other.id) == []
        assert answers.people(db, "library", *WEEK) == 4
        assert answers.people(db, "library", *WEEK, round_id=other.id) == 0


def test_scores_add_up_the_rounds_of_a_service_and_leave_other_verbs_out(database: Database) -> None:
    with database.transaction() as db:
        one, two = add_round(db, "one"), add_round(db, "two")
        answers.append(db, [answer(one, b"anna"), answer(two, b"anna in two"), text(one, "fine")])
        (score,) = answers.scores(db, "library", *WEEK)
        assert (score.stage, score.item, score.choice, score.score) == ("deliver", "del.overall", "4", 4.0)
        assert (score.answers, score.people, score.skipped) == (2, 2, False)


def test_who_answered_is_told_by_round_channel_and_language(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(
            db,
            [
                answer(round_, b"anna"),
                answer(round_, b"anna", "why"),
                answer(round_, b"ben", language="es", channel="web"),
            ],
        )
        rows = sorted(answers.who(db, "library", *WEEK), key=lambda row: row.channel)
        assert [(row.channel, row.language, row.people, row.answers) for row in rows] == [
            ("telegram", "en", 1, 2),
            ("web", "es", 1, 1),
        ]
        assert answers.handed_in(db, [round_.id, 99]) == {round_.id: 2}


def test_texts_come_newest_first_with_what_the_same_person_chose_before(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(
            db,
            [
                answer(round_, b"anna", choice="1", score=1.0),
                answer(round_, b"anna", "ease", choice="2", score=2.0, item=None),
                text(round_, "old", b"anna"),
                answer(round_, b"anna", "later", choice="5", score=5.0),
                text(round_, "newest", b"ben", NOW + 2 * MINUTE, quotable=True),
                text(round_, "newer", b"cleo", NOW + MINUTE),
                text(round_, "withdrawn", b"dan", withdrawn_at=NOW),
                text(round_, "never handed in", b"dan", counted_at=None),
                text(round_, "", b"dan", skipped=True)._replace(text=None),
            ],
        )
        rows = answers.texts(db, "library", *WEEK, limit=10)
        assert [(row.text, row.quotable) for row in rows] == [("newest", True), ("newer", False), ("old", False)]
        assert [(row.score_item, row.score_choice, row.score) for row in rows] == [
            (None, None, None),
            (None, None, None),
            ("ease", "2", 2.0),
        ]
        assert [row.text for row in answers.texts(db, "library", *WEEK, limit=2)] == ["newest", "newer"]
        assert [row.text for row in answers.texts(db, "library", *WEEK, limit=9, quotable_only=True)] == ["newest"]
        assert answers.texts(db, "library", *WEEK, limit=9, round_id=99) == []


def test_consent_to_quote_holds_for_all_words_of_a_person_and_can_be_taken_back(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [text(round_, "mine"), text(round_, "also mine"), text(round_, "hers", b"ben")])
        answers.quotable(db, [(round_.id, b"anna", True)])
        answers.quotable(db, [])
        quoted = [row.text for row in answers.texts(db, "library", *WEEK, limit=9, quotable_only=True)]
        assert sorted(quoted) == ["also mine", "mine"]
        answers.quotable(db, [(round_.id, b"anna", False)])
        assert answers.texts(db, "library", *WEEK, limit=9, quotable_only=True) == []


def test_the_first_answers_of_a_period_are_counted_up_to_a_limit(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        said = [("4", 3), ("1", 1), ("4", 2), ("na", 0), ("5", 5)]
        answers.append(db, [answer(round_, bytes([n]), at=NOW + n * MINUTE, choice=choice) for choice, n in said])
        asked = (db, "library", "del.overall", *WEEK)
        assert answers.earliest(*asked, ["1", "4", "5"], 3) == {"1": 1, "4": 2}
        assert answers.earliest(*asked, ["1", "4", "5"], 9) == {"1": 1, "4": 2, "5": 1}
        assert answers.earliest(*asked, ["2"], 9) == {}
        others = [(round_.id, bytes([1])), *((round_.id, b"%d" % n) for n in range(MANY))]
        assert answers.earliest(*asked, ["1", "4", "5"], 2, without=others) == {"4": 2}


def test_as_many_texts_are_left_out_of_a_sample_as_there_may_be(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [text(round_, f"words {n}", b"%d" % n) for n in range(3)])
        first = min(answer_id for answer_id, *_ in answers.sent_words(db, "library", *WEEK))
        out = [first, *range(first + 3, first + MANY)]
        assert answers.drawn(db, "library", *WEEK, 1, 0, without=out) == 2


# --------------------------------------------------------------------------- erasing


def test_before_closing_erasing_takes_everything_and_the_counts_change(database: Database) -> None:
    with database.transaction() as db:
        round_, other = add_round(db), add_round(db, "other")
        answers.append(db, [answer(round_), text(round_, "words"), answer(round_, b"ben"), answer(other)])
        assert answers.handed_in(db, [round_.id]) == {round_.id: 2}
        assert answers.forget(db, round_.id, b"anna", NOW, closed=False, anew=b"") == 2
        assert answers.of(db, round_.id, b"anna") == []
        assert answers.handed_in(db, [round_.id, other.id]) == {round_.id: 1, other.id: 1}
        assert proof.of(db) == [proof.Forgetting(NOW, "answers", 2)]


def test_after_closing_erasing_cuts_the_link_and_takes_the_words_but_published_figures_stay(
    database: Database,
) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(
            db,
            [
                answer(round_),
                text(round_, "my words", quotable=True),
                answer(round_, state="age", item="you.age", choice="25-44", score=None),
                answer(round_, state="ease", counted_at=None),
                answer(round_, state="time", withdrawn_at=NOW),
                answer(round_, b"ben"),
            ],
        )
        before = answers.people(db, "library", *WEEK), counted(db)["overall", "4"]
        assert answers.forget(db, round_.id, b"anna", NOW, closed=True, anew=b"0123456789abcdef") == 5
        assert answers.of(db, round_.id, b"anna") == []
        assert (answers.people(db, "library", *WEEK), counted(db)["overall", "4"]) == before
        left = answers.of(db, round_.id, b"0123456789abcdef")
        assert [(row.state, row.text, row.quotable) for row in left] == [("overall", None, False), ("why", None, False)]
        assert answers.texts(db, "library", *WEEK, limit=9) == []


def test_erasing_nobody_leaves_no_proof(database: Database) -> None:
    with database.transaction() as db:
        assert answers.forget(db, add_round(db).id, b"nobody", NOW, closed=False, anew=b"") == 0
        assert proof.of(db) == []


def test_moments_keep_their_microseconds_and_are_utc(database: Database) -> None:
    at = NOW.replace(microsecond=1)
    with database.transaction() as db:
        round_ = add_round(db)
        answers.append(db, [answer(round_, at=at)])
        (row,) = answers.of(db, round_.id, b"anna")
    assert row.answered_at == at
    assert row.answered_at.utcoffset() == timedelta(0)
    assert row._replace(answered_at=at) == row


def test_scores_of_scales_and_numbers_are_appended_together(database: Database) -> None:
    with database.transaction() as db:
        round_ = add_round(db)
        rows = [answer(round_, score=4), answer(round_, score=2.5), answer(round_, score=None)]
        answers.append(db, rows)
        assert [each.score for each in answers.every(db, round_.id)] == [4.0, 2.5, None]
