from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from bot.cutting import SHORTEST, fits
from bot.errors import Refused
from bot.rights import APPROVER
from bot.rounds import links, record
from flows.catalog import Catalog
from flows.model import BestWorst, Say
from storage import people, rounds, tables
from tests.support.house import CATALOG, NOON, RECORD, Citizen, House
from tests.support.signing import signer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.rounds.record import Fault
    from storage.database import Database

SHADE = """
flow = "shade"
version = 1
stage = "commission"
language = "en"
title = "Shade"
frame = "round"
start = "hot"

[states.hot]
ask = "Where is it too hot in summer?"
why = "We plant trees there."
next = "thanks"
"""
SPANISH_SHADE = """
of = { flow = "shade", version = 1 }
language = "es"
reviewed_by = []
title = "Sombra"

[states.hot]
ask = "¿Dónde hace demasiado calor en verano?"
why = "Allí plantamos árboles."
"""
ORDER = ["topic", "decided_on", "open_points", "fixed_points", "influence", "feedback_on", "ideas", "duty", "level"]


def fields(faults: list[Fault]) -> list[str]:
    """Return what is at fault."""
    return [fault.field for fault in faults]


def draft(house: House, **facts: Any) -> str:
    """Return the code of a formal round without a record."""
    return house.need(opened=False, **{"record": {}, **facts}).code


def test_a_round_is_a_draft_until_it_opens(house: House) -> None:
    made = house.need(opened=False)
    newest = CATALOG.get("need_round").version
    assert (made.state, made.stage, made.flow, made.version) == ("draft", "commission", "need_round", newest)
    house.sign(made.code)
    opened = house.rounds.open(made.code)
    assert opened.state == "open"
    assert [(entry.what, entry.who) for entry in house.rounds.log(made.code)] == [
        ("created", "command line"),
        ("approved", "Ben"),
        ("opened", "command line"),
    ]


def test_opening_is_refused_naming_every_missing_field_at_once(house: House) -> None:
    code = draft(house, closes_at=None)
    faults = house.rounds.check(code)
    assert fields(faults) == ["closes_at", *ORDER]
    with pytest.raises(Refused) as refused:
        house.rounds.open(code)
    for name in ORDER:
        assert f"{name} is missing" in str(refused.value) or f"list {name} is missing" in str(refused.value)
    assert house.rounds.find(code).state == "draft"  # type: ignore[union-attr]


def test_a_flow_without_a_frame_needs_the_same_record_whatever_its_texts_say(house: House, tmp_path: Path) -> None:
    bare = SHADE.replace('frame = "round"\n', "").replace("shade", "bare").replace('next = "thanks"', 'next = "end"')
    file = tmp_path / "bare.toml"
    file.write_text(f'{bare}\n[states.end]\nend = "Thank you."\n')
    house.library._catalog = house.rounds._catalog = Catalog.load(extra=[tmp_path])
    code = draft(house, flow="bare")
    needed = [name for name in ORDER if name != "ideas"]
    assert fields(house.rounds.check(code)) == needed
    assert {*needed} <= {need.name for need in house.rounds.needs("bare", "library", "en")}
    for left_out in record.FORMAL:
        if left_out != "decider":  # else the organisation of the configuration
            said = {name: text for name, text in RECORD.items() if name not in {left_out, "lists"}}
            assert fields(house.rounds.check(draft(house, flow="bare", record=said))) == [left_out]


@pytest.mark.parametrize(("hours", "wrong"), [(None, []), (32, []), (33, ["closes_at"])])
def test_invitations_must_all_leave_before_the_round_closes(house: House, hours: int | None, wrong: list[str]) -> None:
    """From noon to noon of the third day there are three days to write in, of eleven hours each."""
    made = house.need(opened=False, audience="agreed", spread_hours=hours, closes_at=NOON + timedelta(days=3))
    assert fields([one for one in house.rounds.check(made.code) if "invitations" in one.message]) == wrong
    house.rounds.change(made.code, audience="link")
    assert not [one for one in house.rounds.check(made.code) if "invitations" in one.message]


def test_faults_are_told_in_the_organisers_language(house: House) -> None:
    (first, *_) = house.rounds.check(draft(house), "es")
    assert first.message.startswith("falta topic: de qué trata la ronda")


def test_beside_a_fields_name_a_fault_does_not_say_it_again(house: House) -> None:
    code = draft(house, record={"decided_on": "2026-11-30", "open_points": {"de": "die Zeiten"}})
    for language, said in (
        ("en", {"lies before the round closes: choose a later day", "says nothing in es", "needs at least two lines"}),
        ("es", {"es anterior al cierre de la ronda: elija un día posterior", "no dice nada en es", "falta"}),
    ):
        assert said <= {fault.short for fault in house.rounds.check(code, language)}


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"decided_on": "next spring"}, "decided_on", "write it as 2026-12-31"),
        ({"influence": "whatever"}, "influence", "tell, ask, work, share, you"),
        ({"influence": "share"}, "group", "with whom"),
        ({"influence": "you"}, "limits", "within which limits"),
        ({"lists": {"ideas": [["one", "One"]]}}, "ideas", "at least two lines"),
        ({"decided_on": "2026-11-30"}, "decided_on", "before the round closes"),
        ({"feedback_on": "2026-01-01"}, "feedback_on", "before the round closes"),
        ({"keep_until": "2020-01-01"}, "keep_until", "15 days after the round closes"),
    ],
)
def test_a_record_that_cannot_stand_is_refused(house: House, wrong: dict[str, object], field: str, words: str) -> None:
    code = draft(house, record=RECORD | wrong)
    faults = house.rounds.check(code)
    assert fields(faults) == [field]
    assert words in faults[0].message


@pytest.mark.parametrize(
    ("said", "silent"),
    [
        ({"en": "the hours"}, []),
        ({"en": "the hours", "es": "el horario"}, []),
        ({"de": "die Zeiten"}, ["says nothing in en", "says nothing in es", "says nothing in pt"]),
    ],
)
def test_a_text_that_is_there_in_some_languages_of_the_round_serves_all_and_is_named(
    house: House, said: dict[str, str], silent: list[str]
) -> None:
    spoken = replace(house.config.services[0], languages=("en", "es", "pt"))
    house.config = replace(house.config, services=(spoken, *house.config.services[1:]))
    house.rounds._config = house.library._config = house.config
    texts = {name: {"en": "a", "es": "b", "pt": "c"} for name in ("topic", "fixed_points")}
    code = draft(house, record=RECORD | texts | {"open_points": said})
    assert [fault.short for fault in house.rounds.check(code)] == silent
    missing = {"en": "English", "es": "Español", "pt": "Português"}
    gaps = ", ".join(name for one, name in missing.items() if one not in said)
    assert re.search(rf"open_points[^(]*\(missing: {gaps}\)", house.rounds.untranslated(code, "en"))


def test_a_round_may_close_on_the_day_of_the_decision_and_news_come_at_any_time(house: House) -> None:
    same_day = draft(house, record=RECORD | {"decided_on": "2026-12-14", "feedback_on": "2026-12-14"})
    news = draft(house, record=RECORD | {"decided_on": "2026-01-01", "influence": "tell"})
    assert [house.rounds.check(code) for code in (same_day, news)] == [[], []]
    assert house.rounds.hints(same_day) == []
    assert house.rounds.hints(news) == [
        "influence: this promise says that there is nothing to decide: information needs no round"
    ]


def test_a_list_that_cannot_be_read_is_refused_with_an_example(house: House) -> None:
    with pytest.raises(Refused, match=re.escape('write each option as { id = "late", en = "Open late" }')):
        draft(house, record={"lists": {"ideas": "late"}})


def test_a_round_speaks_the_languages_of_its_service_and_no_others(house: House) -> None:
    code = draft(house, record=RECORD)
    assert house.rounds.played(code).languages == ("en", "es")
    library = replace(house.config.services[0], languages=("pt", "es"))
    house.library._config = replace(house.config, services=(library, *house.config.services[1:]))
    assert house.rounds.played(draft(house, title="Again", record=RECORD)).languages == ("pt", "es")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"service": "libary"}, "no service libary: choose one of library"),
        ({"flow": "need"}, "no flow need: choose one of"),
        ({"service": "street_repair"}, "not in the stage commission"),
        ({"audience": "everyone"}, "must be agreed"),
        ({"title": "  "}, "has no title"),
        ({"title": "x" * 201}, "the title has 201 characters: say it in at most 200"),
        ({"record": RECORD | {"title": {"es": "x" * 201}}}, "the title has 201 characters: say it in at most 200"),
    ],
)
def test_facts_that_cannot_stand_make_no_round(house: House, facts: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        house.need(**facts)
    assert house.rounds.listed() == []


@pytest.mark.parametrize(
    ("opens", "closes", "words"),
    [(None, -1, "lies in the past"), (5, 3, "closes before it opens"), (None, None, "needs a day")],
)
def test_dates_that_cannot_stand_keep_a_round_from_opening(
    house: House, opens: int | None, closes: int | None, words: str
) -> None:
    def day(n: int | None) -> object:
        return None if n is None else NOON + timedelta(days=n)

    code = house.need(opened=False, opens_at=day(opens), closes_at=day(closes)).code
    (fault,) = house.rounds.check(code)
    assert words in fault.message


def test_a_round_whose_day_lies_ahead_is_scheduled(house: House) -> None:
    code = house.need(opens_at=NOON + timedelta(days=1)).code
    assert house.rounds.find(code).state == "scheduled"  # type: ignore[union-attr]
    changed = house.rounds.change(code, title="Other hours", why="a slip")
    assert (changed.title, changed.state) == ("Other hours", "draft")
    assert house.rounds.unscheduled(code)
    house.sign(code)
    assert house.rounds.unscheduled(code)
    house.rounds.open(code)
    assert not house.rounds.unscheduled(code)
    assert house.rounds.extend(code, NOON + timedelta(days=25), why="snow").state == "draft"
    assert house.rounds.unscheduled(code)


def test_what_nobody_has_to_sign_stays_on_the_clock_when_it_is_changed(house: House) -> None:
    code = house.pulse(opens_at=NOON + timedelta(days=3)).code
    changed = house.rounds.change(code, title="How was it?")
    assert (changed.title, changed.state) == ("How was it?", "scheduled")
    assert not house.rounds.unscheduled(code)
    house.clock.forward(days=3)
    house.sweeps.rounds()
    assert house.rounds.find(code).state == "open"  # type: ignore[union-attr]


@pytest.mark.parametrize("facts", [{"opens_at": None}, {"closes_at": NOON + timedelta(days=9)}, {"audience": "listed"}])
def test_a_change_after_which_a_round_may_not_open_by_itself_makes_it_a_draft(
    house: House, facts: dict[str, Any]
) -> None:
    code = house.pulse(opens_at=NOON + timedelta(days=3)).code
    assert house.rounds.change(code, **facts).state == "draft"
    assert house.rounds.unscheduled(code)


def test_once_open_its_facts_stay(house: House) -> None:
    code = house.need().code
    with pytest.raises(Refused, match="can no longer change"):
        house.rounds.change(code, title="Other hours")
    with pytest.raises(Refused, match="only a draft can open"):
        house.rounds.open(code)


def test_the_end_moves_only_later_and_only_with_a_reason(house: House) -> None:
    made = house.need()
    assert made.closes_at is not None
    later = made.closes_at + timedelta(days=7)
    with pytest.raises(Refused, match="say why"):
        house.rounds.extend(made.code, later, why=" ")
    with pytest.raises(Refused, match="must lie after"):
        house.rounds.extend(made.code, made.closes_at - timedelta(days=1), why="holidays")
    assert house.rounds.extend(made.code, later, why="holidays").closes_at == later
    assert house.rounds.log(made.code)[-1].why == "holidays"


def test_what_was_never_open_is_cancelled_and_what_was_is_closed_or_cancelled(house: House) -> None:
    waiting = house.need(opened=False).code
    with pytest.raises(Refused, match="cancel it instead, with the reason"):
        house.rounds.close(waiting)
    with pytest.raises(Refused, match="say why"):
        house.rounds.cancel(waiting, why=" ")
    assert house.rounds.cancel(waiting, why="no money").state == "cancelled"
    assert house.rounds.close(house.need().code, why="the place burnt down").state == "closed"
    assert house.rounds.cancel(house.need().code, why="the place burnt down").state == "cancelled"
    with pytest.raises(Refused, match="over already"):
        house.rounds.cancel(waiting, why="twice")


def test_the_log_says_of_each_fact_what_it_was_and_what_it_is(house: House) -> None:
    made = house.need(opened=False)
    house.rounds.change(made.code, title="Other hours", record=RECORD | {"decider": "The mayor"})
    house.sign(made.code)
    house.rounds.open(made.code)
    assert made.closes_at is not None
    later = made.closes_at + timedelta(days=1)
    house.rounds.extend(made.code, later, why="snow")
    created, changed, _, opened, extended = house.rounds.log(made.code)
    assert created.changed["title"] == (None, "Opening hours")
    assert created.changed["record.decider"] == (None, "The city council")
    assert changed.changed == {
        "title": ("Opening hours", "Other hours"),
        "record.decider": ("The city council", "The mayor"),
    }
    assert opened.changed == {}
    kept = {"record.keep_until": (None, "2027-12-14")}
    assert extended.changed == {"closes_at": (made.closes_at.isoformat(), later.isoformat()), **kept}


@pytest.mark.parametrize("stamp", ["opened_at", "closed_at", "reported_at"])
def test_what_the_clock_and_people_have_set_is_sealed_by_their_lines(house: House, stamp: str) -> None:
    code = house.need(opens_at=NOON + timedelta(hours=1), closes_at=NOON + timedelta(days=2)).code
    house.clock.forward(hours=2)
    house.sweeps.rounds()
    house.clock.forward(days=3)
    house.sweeps.rounds()
    house.rounds.report_back(code, {"en": "We listened.", "es": "Escuchamos."}, signed="Ada Ames, library")
    assert house.rounds.prove(code).whole
    with house.database.transaction() as db:
        db.exec_driver_sql(f"UPDATE rounds SET {stamp} = created_at")  # noqa: S608 - a column of ours
    assert house.rounds.prove(code).altered == (stamp,)
    house.rounds.archive(code, "Ask earlier.")
    assert house.rounds.prove(code).altered == (stamp,)


def test_a_whole_life_is_proved_and_what_happened_behind_the_log_is_not(house: House) -> None:
    made = house.need(opened=False, opens_at=NOON + timedelta(hours=1))
    house.rounds.change(made.code, title="Other hours")
    house.sign(made.code)
    house.rounds.open(made.code)
    house.clock.forward(hours=2)
    house.sweeps.rounds()
    house.rounds.pause(made.code, why="flood")
    house.rounds.resume(made.code)
    house.rounds.close(made.code)
    house.rounds.report_back(made.code, {"en": "We listened.", "es": "Escuchamos."}, signed="Ada Ames, library")
    proof = house.rounds.prove(made.code)
    assert (proof.entries, proof.whole) == (9, True)
    assert house.rounds.holds(made.code, proof.head)
    assert not house.rounds.holds(made.code, "0" * 64)
    with house.database.transaction() as db:
        row = rounds.by_code(db, made.code)
        assert row is not None
        rounds.change(db, row.id, report='{"en": "We did not."}')
    assert house.rounds.prove(made.code).altered == ("report",)


def test_of_two_people_who_close_at_once_one_is_told_that_it_is_closed(house: House) -> None:
    code = house.need().code
    told: list[str] = []
    together = threading.Barrier(2)

    def close() -> None:
        together.wait()
        try:
            told.append(house.rounds.close(code).state)
        except Refused as refused:
            told.append(str(refused))

    people_ = [threading.Thread(target=close) for _ in range(2)]
    for each in people_:
        each.start()
    for each in people_:
        each.join()
    assert sorted(told) == ["closed", "the round is not open"]
    assert [entry.what for entry in house.rounds.log(code)] == ["created", "approved", "opened", "closed"]


def test_a_scheduled_round_is_scheduled_once(house: House) -> None:
    code = house.need(opens_at=NOON + timedelta(days=1)).code
    assert house.rounds.open(code).state == "scheduled"
    assert [entry.what for entry in house.rounds.log(code)] == ["created", "approved", "scheduled"]


def test_who_did_it_stands_in_the_log(house: House) -> None:
    with house.database.transaction() as db:
        person = people.add(db, "Olive", "en", NOON)
    code = house.need(opened=False, who=person.id).code
    house.sign(code)
    house.rounds.open(code, who=person.id)
    assert [(entry.who, entry.by == person.id) for entry in house.rounds.log(code)] == [
        ("Olive", True),
        ("Ben", False),
        ("Olive", True),
    ]


def test_the_youngest_age_of_the_record_is_what_people_are_asked_for(house: House) -> None:
    code = house.need(opened=False, record={**RECORD, "min_age": "14"}).code
    asked = {state.text for state in house.rounds.played(code).script("en").states.values() if hasattr(state, "text")}
    assert "Are you 14 or older?" in asked
    assert house.rounds.check(code) == []
    assert [
        fault.field for language in ("en", "es") for fault in _aged(house, {"en": "14", "es": "14"}, language)
    ] == []


@pytest.mark.parametrize("age", ["sixteen", "-3", "200", "16.5", "16+", "9" * 5000, "١٦", {"en": "14", "es": "16"}])
def test_an_age_that_is_none_or_differs_by_language_is_a_fault(house: House, age: object) -> None:
    (fault,) = _aged(house, age, "en")
    assert (
        fault.message == "min_age must be one whole number of years from 0 to 120, the same in all languages, as in 16"
    )


def _aged(house: House, age: object, language: str) -> list[Fault]:
    code = house.need(opened=False, record={**RECORD, "min_age": age}, title=f"{str(age)[:20]} {language}").code
    return house.rounds.check(code, language)


class TestTheSecondPerson:
    """A round with an end opens only when somebody has signed it who did not write it."""

    def test_nobody_has_signed(self, house: House) -> None:
        code = house.need(opened=False).code
        assert house.rounds.check(code) == []
        assert house.rounds.unsigned(code)
        with pytest.raises(Refused, match="nobody has signed the round yet: before it opens"):
            house.rounds.open(code)

    def test_a_signature_lets_it_open_until_anything_changes(self, house: House) -> None:
        code = house.need(opened=False).code
        house.sign(code)
        signature = house.rounds.signature(code)
        assert signature is not None
        assert (signature.who, house.rounds.find(code).state) == ("Ben", "checked")  # type: ignore[union-attr]
        with pytest.raises(Refused, match="say why"):
            house.rounds.change(code, title="Other hours", why=" ")
        assert house.rounds.signature(code) == signature
        assert house.rounds.change(code, title=house.rounds.find(code).title).state == "checked"  # type: ignore[union-attr]
        assert house.rounds.change(code, title="Other hours", why="a slip").state == "draft"
        assert house.rounds.signature(code) is None
        with pytest.raises(Refused, match="nobody has signed"):
            house.rounds.open(code)
        house.sign(code)
        assert house.rounds.open(code).state == "open"

    def test_a_scheduled_round_that_changes_waits_for_a_new_signature(self, house: House) -> None:
        code = house.need(opens_at=NOON + timedelta(days=1)).code
        house.rounds.change(code, title="Other hours", why="a slip")
        house.clock.forward(days=2)
        house.sweeps.rounds()
        assert house.rounds.find(code).state == "draft"  # type: ignore[union-attr]

    def test_a_scheduled_round_that_gets_more_time_waits_for_a_new_signature(self, house: House) -> None:
        made = house.need(opens_at=NOON + timedelta(days=1))
        assert made.closes_at is not None
        later = made.closes_at + timedelta(minutes=1)
        assert house.rounds.extend(made.code, later, why="snow", days={"feedback_on": "2031-01-01"}).state == "draft"
        assert house.rounds.signature(made.code) is None
        with pytest.raises(Refused, match="nobody has signed"):
            house.rounds.open(made.code)

    @pytest.mark.parametrize("name", ["decided_on", "feedback_on"])
    def test_more_time_moves_no_promise_to_an_earlier_day(self, house: House, name: str) -> None:
        made = house.need(record=RECORD | {"decided_on": "2027-06-01", "feedback_on": "2027-06-01"})
        assert made.closes_at is not None
        later = made.closes_at + timedelta(days=1)
        with pytest.raises(Refused, match=f"{name} is promised for 2027-06-01 and can only become later"):
            house.rounds.extend(made.code, later, why="snow", days={name: "2027-05-31"})
        house.rounds.extend(made.code, later, why="snow", days={name: "2027-06-01"})

    def test_running_feedback_that_lost_what_it_needs_does_not_open_by_the_clock(self, house: House) -> None:
        facts = {"service": "library", "flow": "deliver_pulse", "title": "How is it?", "record": {}}
        code = house.rounds.create(**facts, opens_at=NOON + timedelta(days=1)).code  # type: ignore[arg-type]
        house.rounds.open(code)
        house.rounds.change(code, audience="listed")
        house.clock.forward(days=2)
        house.sweeps.rounds()
        assert house.rounds.find(code).state == "draft"  # type: ignore[union-attr]
        with pytest.raises(Refused, match="nobody would be asked"):
            house.rounds.open(code)

    def test_whoever_wrote_or_changed_it_cannot_sign(self, house: House) -> None:
        ben = signer(house.database, NOON)
        own = house.need(opened=False, who=ben).code
        changed = house.need(opened=False, title="Second").code
        house.rounds.change(changed, title="Other hours", who=ben)
        for code in (own, changed):
            with pytest.raises(Refused, match="cannot sign it"):
                house.rounds.approve(code, who=ben)
            assert house.rounds.approvers(code) == []

    def test_whoever_may_not_approve_cannot_sign(self, house: House) -> None:
        code = house.need(opened=False).code
        with house.database.transaction() as db:
            olive = people.add(db, "Olive", "en", NOON).id
            people.grant(db, olive, "organiser", "*", NOON)
            people.grant(db, olive, APPROVER, "bus7", NOON)
        with pytest.raises(Refused, match="may not approve rounds of library"):
            house.rounds.approve(code, who=olive)

    def test_nothing_incomplete_is_signed_and_nothing_twice(self, house: House) -> None:
        ben, code = signer(house.database, NOON), draft(house)
        with pytest.raises(Refused, match="topic is missing"):
            house.rounds.approve(code, who=ben)
        house.rounds.change(code, record=RECORD)
        house.rounds.approve(code, who=ben)
        with pytest.raises(Refused, match="only a draft is signed"):
            house.rounds.approve(code, who=ben)

    def test_what_has_no_end_needs_nobody(self, house: House) -> None:
        code = house.pulse().code
        assert (house.rounds.unsigned(code), house.rounds.signature(code)) == (False, None)

    def test_feedback_with_an_end_needs_a_second_person_too(self, house: House) -> None:
        facts = {"service": "library", "flow": "deliver_pulse", "title": "How is it?", "record": {}}
        code = house.rounds.create(**facts, opens_at=NOON + timedelta(days=1)).code  # type: ignore[arg-type]
        house.rounds.open(code)
        assert house.rounds.change(code, title="How was it?").state == "scheduled"
        assert house.rounds.change(code, closes_at=NOON + timedelta(days=9)).state == "draft"
        assert house.rounds.unsigned(code)
        with pytest.raises(Refused, match="nobody has signed"):
            house.rounds.open(code)
        house.sign(code)
        assert house.rounds.open(code).state == "scheduled"
        assert house.rounds.change(code, title="How is it?", why="plainer").state == "draft"

    @pytest.mark.parametrize("name", ["Zoë Núñez", "zoe nunez", " ZOE  NÚÑEZ "])
    def test_two_of_one_name_are_taken_for_one_person_wherever_they_are(self, house: House, name: str) -> None:
        with house.database.transaction() as db:
            writer = people.add(db, "Zoë Núñez", "en", NOON).id
            signs = people.add(db, name, "en", NOON).id
            people.grant(db, signs, APPROVER, "*", NOON)
        code = house.need(opened=False, who=writer).code
        assert house.rounds.approvers(code) == []
        with pytest.raises(Refused, match="is called like you"):
            house.rounds.approve(code, who=signs)
        with house.database.transaction() as db:
            people.change(db, writer, name="Somebody Else")
        with pytest.raises(Refused, match="is called like you"):
            house.rounds.approve(code, who=signs)
        house.sign(code)

    def test_names_in_other_letters_and_without_any_are_told_apart(self, house: House) -> None:
        with house.database.transaction() as db:
            ids = [people.add(db, name, "en", NOON).id for name in ("ليلى", "أحمد", "张伟", "李娜", "☀", "☂")]
            for each in ids:
                people.grant(db, each, APPROVER, "*", NOON)
        for place, writer in enumerate(ids):
            code = house.need(opened=False, who=writer, title=f"Round {place}").code
            assert {one.id for one in house.rounds.approvers(code)} == {*ids} - {writer}

    def test_the_questions_asked_are_those_that_were_signed(
        self, database: Database, tmp_path: Path, mint: Callable[[], str]
    ) -> None:
        """A flow that is edited between signing and opening is found out; the round opens with what was signed only."""
        own = tmp_path / "flows"
        own.mkdir()
        flow = own / "shade.toml"
        flow.write_text(SHADE, encoding="utf-8")
        house = House(database, tmp_path, mint, catalog=Catalog.load(extra=(own,)))
        code = house.need(opened=False, flow="shade", record=RECORD).code
        house.sign(code)
        flow.write_text(SHADE.replace("too hot", "too cold"), encoding="utf-8")
        later = House(database, tmp_path, mint, catalog=Catalog.load(extra=(own,)))
        assert "too hot" in later.rounds.played(code).script("en").states["hot"].text
        with pytest.raises(Refused, match=r"version 1 with other words in shade\.toml: write version = 2"):
            later.rounds.open(code)
        flow.write_text(SHADE, encoding="utf-8")
        assert house.rounds.open(code).state == "open"

    def test_a_flow_edited_while_a_signed_round_waits_for_its_day_changes_nothing_of_it(
        self, database: Database, tmp_path: Path, mint: Callable[[], str]
    ) -> None:
        own = tmp_path / "flows"
        own.mkdir()
        flow = own / "shade.toml"
        flow.write_text(SHADE, encoding="utf-8")
        house = House(database, tmp_path, mint, catalog=Catalog.load(extra=(own,)))
        code = house.need(flow="shade", record=RECORD, opens_at=NOON + timedelta(days=1)).code
        flow.write_text(SHADE.replace("too hot", "too cold"), encoding="utf-8")
        later = House(database, tmp_path, mint, catalog=Catalog.load(extra=(own,)))
        later.clock.forward(days=1)
        later.sweeps.rounds()
        found = later.rounds.find(code)
        assert (found.state, found.version) == ("open", 1)  # type: ignore[union-attr]
        assert "too hot" in later.rounds.played(code).script("en").states["hot"].text

    @pytest.mark.parametrize("kept_before", [False, True])
    def test_a_translation_changed_between_signing_and_opening_is_found_out_in_every_language(
        self, database: Database, tmp_path: Path, mint: Callable[[], str], *, kept_before: bool
    ) -> None:
        """Also where the version was kept when only the words of its own language went into its hash."""
        own = Folder(tmp_path / "flows")
        house = House(database, tmp_path, mint, catalog=own.catalog)
        code = house.need(opened=False, flow="shade", record=RECORD).code
        house.sign(code)
        if kept_before:
            with database.transaction() as db:
                db.execute(update(tables.flow_versions).values(sha256="0" * 64))
        own.spanish.write_text(SPANISH_SHADE.replace("demasiado", "poco"), encoding="utf-8")
        later = House(database, tmp_path, mint, catalog=own.catalog)
        assert "demasiado" in later.rounds.played(code).script("es").states["hot"].text
        with pytest.raises(Refused, match=r"with other words in shade\.es\.toml: write version = 2"):
            later.rounds.open(code)
        own.spanish.unlink()
        with pytest.raises(Refused, match=r"with other words in shade\.es\.toml"):
            House(database, tmp_path, mint, catalog=own.catalog).rounds.open(code)
        own.spanish.write_text(SPANISH_SHADE, encoding="utf-8")
        assert House(database, tmp_path, mint, catalog=own.catalog).rounds.open(code).state == "open"

    def test_the_words_of_an_open_round_stay_in_every_language_and_none_comes_in(
        self, database: Database, tmp_path: Path, mint: Callable[[], str]
    ) -> None:
        own = Folder(tmp_path / "flows")
        code = House(database, tmp_path, mint, catalog=own.catalog).need(flow="shade", record=RECORD).code
        own.spanish.write_text(SPANISH_SHADE.replace("demasiado", "poco"), encoding="utf-8")
        german = SPANISH_SHADE.replace('"es"', '"de"').replace("¿Dónde hace demasiado calor en verano?", "Wo?")
        own.spanish.with_name("shade.de.toml").write_text(german, encoding="utf-8")
        later = House(database, tmp_path, mint, catalog=own.catalog)
        played = later.rounds.played(code)
        assert "demasiado" in played.script("es").states["hot"].text
        assert set(played.scripts) == {"en", "es"}
        (told,) = later.rounds.edited()
        assert "shade.de.toml and shade.es.toml asks something else" in told.message
        with pytest.raises(Refused, match=r"other words in shade\.de\.toml, shade\.es\.toml: write version = 2"):
            later.need(flow="shade", record=RECORD)
        for file in own.spanish.parent.iterdir():
            file.write_text(file.read_text(encoding="utf-8").replace("version = 1", "version = 2"), encoding="utf-8")
        raised = House(database, tmp_path, mint, catalog=own.catalog)
        assert raised.rounds.edited() == []
        assert raised.need(flow="shade", record=RECORD).version == 2
        assert "demasiado" in raised.rounds.played(code).script("es").states["hot"].text

    def test_what_the_bot_says_between_the_questions_and_who_read_them_may_change(
        self, database: Database, tmp_path: Path, mint: Callable[[], str]
    ) -> None:
        own = Folder(tmp_path / "flows")
        house = House(database, tmp_path, mint, catalog=own.catalog)
        code = house.need(opened=False, flow="shade", record=RECORD).code
        house.sign(code)
        own.spanish.write_text(SPANISH_SHADE.replace("[]", '["Zoé Martin"]'), encoding="utf-8")
        texts = {**own.catalog.texts}
        texts["frames/phrases.es.toml"] = texts["frames/phrases.es.toml"].replace("Lo dejamos aquí", "Hasta aquí")
        later = House(database, tmp_path, mint, catalog=Catalog.of(texts))
        assert later.rounds.open(code).state == "open"
        assert later.rounds.played(code).script("es").phrases["stopped"].startswith("Hasta aquí")


class Folder:
    """A folder of one's own with a flow in two languages."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self.place = place
        self.spanish = place / "shade.es.toml"
        (place / "shade.toml").write_text(SHADE, encoding="utf-8")
        self.spanish.write_text(SPANISH_SHADE, encoding="utf-8")

    @property
    def catalog(self) -> Catalog:
        """All flows as the files are now."""
        return Catalog.load(extra=(self.place,))


def test_an_unknown_code_is_refused_in_one_line(house: House) -> None:
    for act in (house.rounds.open, house.rounds.close, house.rounds.counts, house.rounds.check):
        with pytest.raises(Refused, match="no round with the code nowhere"):
            act("nowhere")
    assert house.rounds.find("nowhere") is None


def test_needs_name_what_to_ask_an_organiser_with_what_the_city_proposes(house: House) -> None:
    needs = {need.name: need for need in house.rounds.needs("need_round", "library", "en")}
    assert [name for name in needs if name in ORDER] == ORDER
    assert needs["decided_on"].kind == "date"
    assert needs["influence"].options[1][0] == "ask"
    assert needs["ideas"].kind == "list"
    assert needs["law"].preset == "the law on local self-government"
    assert not {"city", "org", "receipt", "n", "closes_on", "steps"} & set(needs)


def test_a_pulse_needs_nothing_but_a_title(house: House) -> None:
    made = house.pulse()
    assert made.state == "open"
    assert made.closes_at is None


def test_the_flow_of_a_round_has_no_gap_in_any_language(house: House) -> None:
    for code in (house.pulse().code, house.need().code):
        flow = house.rounds.played(code)
        for script in flow.scripts.values():
            for state in script.states.values():
                assert "{" not in state.text.replace("{receipt}", "").replace("{list}", ""), state
            priority = script.states.get("priority")
            if isinstance(priority, BestWorst):
                assert [option.id for option in priority.options] == ["early", "late"]


def test_days_are_told_in_words(house: House) -> None:
    code = house.need().code
    assert house.rounds.facts(code, "en")["feedback_on"] == "15 January 2027"
    assert house.rounds.facts(code, "es")["feedback_on"] == "15 de enero de 2027"
    opening = house.rounds.played(code).script("es").states["opening"]
    assert isinstance(opening, Say)
    assert "1 de febrero de 2027" in opening.text


async def test_a_round_in_numbers(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does("Yes", "Yes, let us begin", "Good", "Skip", "Skip", "Skip", "Skip", "No", "No")
    other = Citizen(house, "other")
    await other.starts(code)
    counts = house.rounds.counts(code)
    assert (counts.started, counts.active, counts.finished, counts.invited) == (2, 1, 1, 0)
    assert counts.answers == 1


def test_a_report_back_waits_for_the_close_and_speaks_every_language(house: House) -> None:
    code = house.need().code
    whole = {"en": "You said, we did.", "es": "Usted dijo, hicimos."}
    with pytest.raises(Refused, match="close the round first"):
        house.rounds.report_back(code, whole, signed="Ada Ames, library")
    house.rounds.close(code)
    with pytest.raises(Refused, match="says nothing in es"):
        house.rounds.report_back(code, {"en": "You said, we did."}, signed="Ada Ames, library")
    published = house.rounds.report_back(code, whole, signed="Ada Ames, library")
    assert (published.state, published.report) == ("reported_back", whole)
    with pytest.raises(Refused, match="published already"):
        house.rounds.report_back(code, whole, signed="Ada Ames, library")


async def test_the_result_goes_once_to_everyone_who_wished_for_it_and_may_be_written_to(house: House) -> None:
    code = house.need().code
    from tests.bot.test_turns import INTO, to_review  # noqa: PLC0415 - a conversation told there

    for name, wish in (("yes", "Yes"), ("no", "No"), ("stopped", "Yes")):
        each = Citizen(house, name)
        await each.starts(code)
        await each.does(*INTO)
        await to_review(each, send_you_the_result=wish)
        await each.says("ok")
    await Citizen(house, "stopped").says("STOP")
    house.rounds.close(code)
    house.rounds.report_back(code, {"en": "We open later.", "es": "Abrimos más tarde."}, signed="Ada Ames, library")
    news = [row for row in house.table("outbox") if row.key.startswith("report.")]
    assert [row.contact_id for row in news] == [house.contact("yes").id]
    text = house.said("yes")[-1].text
    assert "We open later." in text
    assert "this is not the view of all residents" in text
    assert house.rounds.page_url(code) in text


async def test_a_long_result_is_several_messages_of_which_each_fits_into_one(house: House) -> None:
    code = house.need().code
    from tests.bot.test_turns import INTO, to_review  # noqa: PLC0415 - a conversation told there

    citizen = Citizen(house)
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen, send_you_the_result="Yes")
    await citizen.says("ok")
    house.rounds.close(code)
    paragraphs = [f"{n} 👋 {'We open later. ' * 150}".strip() for n in range(4)]
    house.rounds.report_back(code, dict.fromkeys(("en", "es"), "\n\n".join(paragraphs)), signed="Ada Ames")
    keys = [row.key for row in house.table("outbox") if row.key.startswith("report.")]
    texts = [each.text for each in house.said("c1")[-len(keys) :]]
    assert len(keys) == 4
    assert all(fits(text, SHORTEST) for text in texts)
    assert [sum(text.count(each) for text in texts) for each in paragraphs] == [1] * 4


def test_links_and_qr_codes_lead_to_the_round(house: House) -> None:
    code = house.pulse().code
    assert house.rounds.deep_link(code) is None
    house.rounds.username = lambda: "rivermouth_bot"
    assert house.rounds.deep_link(code) == f"https://t.me/rivermouth_bot?start={code}"
    assert house.rounds.chat_url(code) == f"http://127.0.0.1:8080/chat/{code}"
    assert links.qr_svg("https://t.me/x").startswith("<svg")
    assert links.qr_png("https://t.me/x").startswith(b"\x89PNG")


def test_a_record_survives_its_json() -> None:
    assert record.load(record.dump(RECORD)) == RECORD


def test_a_title_that_an_older_record_holds_as_one_text_breaks_nothing(house: House) -> None:
    code = house.need(opened=False).code
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        rounds.change(db, row.id, record=json.dumps({**json.loads(row.record), "title": "Opening hours"}))
    assert "title" in house.rounds.untranslated(code, "en")
    assert house.rounds.borrowed(code) == []
