"""From the last answer to the report: what is written down, in which order, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bot.counter import Voice
from bot.errors import Refused
from bot.rounds import legal, outcome, record, wording
from bot.rounds.lifecycle import ANSWERED, GRACE, State
from bot.rounds.outcome import Decision, KeyIssue, Outcome, Reading
from bot.rounds.record import spoken_day
from bot.rounds.wording import spoken
from bot.texts import texts
from flows.ballots import KINDS
from flows.words import meaning
from storage import answers, entries, findings, retention, rounds, trail
from storage.entries import Voices
from storage.retention import Policy
from tests.flows.talk import LANGUAGES
from tests.support.house import CATALOG, NOON, RECORD, Citizen, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.house import House

FULL: dict[str, Any] = RECORD | {
    "duty": "law",
    "decided_on": "2027-01-10",
    "decision": "which hours the library opens",
    "duty_source": "Libraries Act, section 7",
    "fixed_why": "the building belongs to somebody else",
    "pack": "https://city.example/hours",
    "pack_version": "2",
    "pack_on": "2026-11-20",
    "pack_languages": "English, Spanish",
    "easy_read": "page 3 of the papers",
    "pack_options": "late, early, Sundays; given up: nights, nobody came",
    "pack_costs": "late: 20,000 a year",
    "pack_effects": "late: those who work",
    "affected": "12,000 readers",
    "invited": "everyone who agreed, by message, on the first day",
    "seldom_heard": "two evenings in the hostel",
    "equality": "no group is worse off",
    "other_ways": "at the desk, on paper",
    "length_reason": "no holidays in it",
    "analysis": "shares by district",
    "result_rule": "no vote: the council weighs what matters most to people",
    "privacy_version": "3",
    "dpia": "D-17",
}
ISSUE = KeyIssue("Open on Sundays", 40, "We open on Sundays", "yes", "")
REFUSED = KeyIssue("Open at night", None, "We do not open at night", "no", "nobody could be paid")
DECISION = Decision("The library opens on Sundays.", "2026-11-27", "Forty people asked for it.", "nights: too dear")
READING = Reading("Ada Ames, mayor", "report of the answers", "2026-11-26")
TOLD = {"en": "We open on Sundays.", "es": "Abrimos los domingos."}


def closed(house: House, record: dict[str, Any] = FULL) -> str:
    """Return the code of a round that has closed."""
    code = house.need(record=record).code
    house.rounds.close(code)
    house.clock.forward(days=5)
    return code


def test_where_there_is_a_duty_something_is_to_be_decided_and_the_result_comes_after_it(house: House) -> None:
    soon = {"decided_on": "2027-02-01", "feedback_on": "2027-01-31"}
    news = house.need(opened=False, record=FULL | {"influence": "tell", "decided_on": "2026-10-01"}).code
    (fault,) = house.rounds.check(news)
    assert (fault.field, "a round that only informs cannot open" in fault.message) == ("influence", True)
    (fault,) = house.rounds.check(house.need(opened=False, record=FULL | soon).code)
    assert (fault.field, fault.short) == ("feedback_on", "lies before the day of the decision: choose a later day")
    free = house.need(opened=False, record=RECORD | soon).code
    assert house.rounds.check(free) == []
    assert house.rounds.hints(free) == ["feedback_on: lies before the day of the decision: choose a later day"]
    code, later = house.need(record=FULL).code, NOON + timedelta(days=25)
    with pytest.raises(Refused, match=r"the result is promised for 2027-01-15, before the day of the decision"):
        house.rounds.extend(code, later, why="snow", days={"decided_on": "2027-02-01"})
    days = {"decided_on": "2027-02-01", "feedback_on": "2027-02-01"}
    assert house.rounds.extend(code, later, why="snow", days=days).record["feedback_on"] == "2027-02-01"


@pytest.mark.parametrize("name", [field.name for field in legal.FIELDS if field.by_duty])
def test_where_there_is_a_duty_each_field_of_the_record_is_needed(house: House, name: str) -> None:
    code = house.need(opened=False, record={key: text for key, text in FULL.items() if key != name}).code
    has_default = name == "contact_person"
    assert [fault.field for fault in house.rounds.check(code)] == ([] if has_default else [name])


@pytest.mark.parametrize("flow", ["need_round", "budget_round", "option_round", "keep_or_stop"])
def test_where_there_is_a_duty_a_vote_needs_a_rule_for_its_result(house: House, flow: str) -> None:
    record = {name: said for name, said in FULL.items() if name != "result_rule"}
    service = next(one.key for one in house.config.services if CATALOG.get(flow).stage in one.stages)
    facts: dict[str, Any] = {"opened": False, "flow": flow, "service": service}
    assert "result_rule" in [fault.field for fault in house.rounds.check(house.need(record=record, **facts).code)]
    for enough in (FULL, record | {"duty": "none"}):
        found = house.rounds.check(house.need(record=enough, **facts).code)
        assert "result_rule" not in [fault.field for fault in found]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_ballot_needs_a_rule_and_other_questions_none(kind: str) -> None:
    asked = {
        flow.id: {type(state).__name__.lower() for state in flow.script("en").states.values()} for flow in CATALOG.flows
    }
    assert [flow for flow, verbs in asked.items() if kind in verbs]
    for flow in CATALOG.flows:
        needed = legal.RESULT_RULE in [field.name for field in legal.wanted(flow, FULL)]
        assert needed is not asked[flow.id].isdisjoint(KINDS), flow.id


def test_without_a_duty_the_short_record_is_enough_and_of_running_feedback_nothing_is_asked(house: House) -> None:
    assert house.rounds.check(house.need(opened=False).code) == []
    pulse = house.need(opened=False, flow="deliver_pulse", record={}, closes_at=None)
    assert house.rounds.check(pulse.code) == []
    assert not [need for need in house.rounds.needs("deliver_pulse", "library", "en") if need.group]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"duty": "maybe"}, "duty must be one of law, promise, practice, fairness, none"),
        ({"level": "all"}, "level must be one of individual, group, collective"),
        ({"pack_on": "2026-12-01"}, "pack_on lies after the first day"),
        ({"pack_on": "soon"}, "pack_on is not a day"),
    ],
)
def test_what_cannot_stand_in_the_record_is_named(house: House, wrong: dict[str, Any], words: str) -> None:
    code = house.need(opened=False, record=FULL | wrong).code
    assert [words in fault.message for fault in house.rounds.check(code)] == [True]


def test_a_decision_announced_in_one_language_is_named_before_anybody_signs(house: House) -> None:
    code = house.need(opened=False, record=FULL | {"decision": {"en": "the hours"}}).code
    assert house.rounds.check(code) == []
    assert "decision" in house.rounds.untranslated(code, "en")


def test_from_the_last_answer_to_the_archive_in_order(house: House) -> None:
    code, rounds = closed(house), house.rounds
    with pytest.raises(Refused, match="write down first what people raised"):
        rounds.analyse(code, "Most want Sundays.")
    rounds.raise_issue(code, ISSUE)
    rounds.raise_issue(code, REFUSED)
    with pytest.raises(Refused, match="say first what the answers say"):
        rounds.decide(code, DECISION)
    assert rounds.analyse(code, "Most want Sundays.").state == "analysed"
    with pytest.raises(Refused, match="note first who"):
        rounds.decide(code, DECISION)
    rounds.read(code, READING)
    with pytest.raises(Refused, match="the decision and its reasons are written down before"):
        rounds.report_back(code, TOLD, signed="Ada Ames, mayor")
    assert rounds.decide(code, DECISION).state == "decided"
    with pytest.raises(Refused, match="say who answers for this text"):
        rounds.report_back(code, TOLD, signed=" ")
    with pytest.raises(Refused, match="publish the result first"):
        rounds.archive(code, "Ask earlier.")
    assert rounds.report_back(code, TOLD, signed="Ada Ames, mayor").state == "reported_back"
    with pytest.raises(Refused, match="until the report is published"):
        rounds.raise_issue(code, ISSUE)
    assert rounds.evaluation(code, "en")[-1].startswith("Decided on ")
    kept = rounds.archive(code, "Ask earlier.")
    assert (kept.state, kept.outcome.signed, kept.outcome.lessons) == ("archived", "Ada Ames, mayor", "Ask earlier.")
    assert (kept.outcome.issues, kept.outcome.readings) == ((ISSUE, REFUSED), (READING,))
    what = [entry.what for entry in rounds.log(code)]
    assert what[3:] == ["closed", "issue", "issue", "analysed", "read", "decided", "reported_back", "archived"]
    assert rounds.prove(code).whole


def test_where_nobody_has_to_consult_a_round_reports_back_as_soon_as_it_has_closed(house: House) -> None:
    code = closed(house, RECORD)
    assert house.rounds.report_back(code, TOLD, signed="Ada Ames").state == "reported_back"


async def test_no_result_goes_out_while_somebody_may_still_come_to_the_end(house: House) -> None:
    code, citizen = house.need(record=RECORD).code, Citizen(house)
    await citizen.starts(code)
    house.rounds.close(code)
    house.clock.forward(minutes=59)
    with pytest.raises(Refused, match="count until ") as refused:
        house.rounds.report_back(code, TOLD, signed="Ada Ames")
    until = (NOON + GRACE).astimezone(house.config.city.zone)
    for language in LANGUAGES:
        assert texts(language).hour(until) in spoken(refused.value, language)
    assert house.rounds.keep_draft(code, TOLD, signed="Ada Ames").signed == "Ada Ames"
    house.clock.forward(minutes=1)
    assert house.rounds.report_back(code, TOLD, signed="Ada Ames").state == "reported_back"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda rounds, code: rounds.note(code, "gossip", "x"), "one of complaint, outage, remark"),
        (lambda rounds, code: rounds.note(code, "complaint", " "), "say in a few words what is to be noted"),
        (lambda rounds, code: rounds.raise_issue(code, KeyIssue("x", 1, "y", "no", "")), "say why it has not changed"),
        (lambda rounds, code: rounds.raise_issue(code, KeyIssue("x", 1, "y", "perhaps", "")), "one of yes, partly, no"),
        (lambda rounds, code: rounds.raise_issue(code, ISSUE, number=1), "there is no issue 1"),
        (lambda rounds, code: rounds.read(code, Reading("Ada", "report", "today")), "today is not a day"),
    ],
)
def test_what_says_too_little_is_refused(house: House, act: Callable[[Any, str], object], words: str) -> None:
    code = closed(house)
    with pytest.raises(Refused, match=words):
        act(house.rounds, code)
    assert house.rounds.log(code)[-1].what == "closed"


WRONG_DAYS = [
    ("2026-11-30", "2026-11-30 lies ahead"),
    ("2026-11-23", "2026-11-23 lies before the last day to answer, 2026-11-24"),
    ("yesterday", "yesterday is not a day"),
]
"""The round closed on 24 November; it is the 29th."""


@pytest.mark.parametrize(("day", "words"), WRONG_DAYS)
def test_nobody_has_read_or_decided_before_the_end_or_after_today(house: House, day: str, words: str) -> None:
    code = closed(house)
    with pytest.raises(Refused, match=words):
        house.rounds.read(code, replace(READING, on=day))
    house.rounds.read(code, READING)
    house.rounds.raise_issue(code, ISSUE)
    house.rounds.analyse(code, "Most want Sundays.")
    with pytest.raises(Refused, match=words):
        house.rounds.decide(code, replace(DECISION, on=day))
    assert house.rounds.find(code).state == "analysed"  # type: ignore[union-attr]


@pytest.mark.parametrize("day", ["2026-11-24", "2026-11-29"])
def test_the_last_day_to_answer_and_today_are_days_to_decide(house: House, day: str) -> None:
    code = closed(house, RECORD)
    assert house.rounds.decide(code, replace(DECISION, on=day)).outcome.decision == replace(DECISION, on=day)


def test_where_one_has_to_consult_the_decision_comes_after_the_first_reading(house: House) -> None:
    code = closed(house)
    house.rounds.raise_issue(code, ISSUE)
    house.rounds.analyse(code, "Most want Sundays.")
    house.rounds.read(code, READING)
    with pytest.raises(Refused, match="2026-11-25 lies before 2026-11-26, when the first"):
        house.rounds.decide(code, replace(DECISION, on="2026-11-25"))
    assert house.rounds.decide(code, replace(DECISION, on="2026-11-26")).state == "decided"


def test_a_round_that_only_tells_may_have_been_decided_before(house: House) -> None:
    code = closed(house, RECORD | {"influence": "tell"})
    assert house.rounds.decide(code, replace(DECISION, on="2026-11-01")).state == "decided"
    with pytest.raises(Refused, match="lies ahead"):
        house.rounds.decide(code, replace(DECISION, on="2026-12-01"))


@pytest.mark.parametrize("language", ["es", "fr", "de", "pt", "ar"])
def test_a_wrong_day_and_a_state_are_told_in_each_language(house: House, language: str) -> None:
    code = closed(house)
    for day, _ in WRONG_DAYS[:2]:
        with pytest.raises(Refused) as refused:
            house.rounds.read(code, replace(READING, on=day))
        said = spoken(refused.value, language)
        assert spoken_day(day, language) in said
        assert "lies" not in said
    with pytest.raises(Refused) as refused:
        house.rounds.open(code)
    assert "closed" in str(refused.value)
    assert "closed" not in spoken(refused.value, language)


def test_each_state_has_its_words_in_each_language() -> None:
    for language in ("en", "es", "fr", "de", "pt", "ar"):
        said = [wording.fault(language, "cannot_sign", state=state.value) for state in State]
        assert len(set(said)) == len(said)


def test_as_long_as_nobody_has_said_whether_to_consult_all_that_hangs_on_it_is_named(house: House) -> None:
    code = house.need(opened=False, record={key: text for key, text in RECORD.items() if key != "duty"}).code
    (fault,) = house.rounds.check(code)
    asked = [field.name for field in legal.by_duty(CATALOG.get("need_round"))]
    assert fault.field == "duty"
    assert ", ".join(asked) in fault.message
    assert "(duty = none), the record stays short" in fault.message
    assert all(wording.meaning("en", name) in fault.short for name in asked)
    with pytest.raises(Refused, match="pack_costs"):
        house.rounds.open(code)
    house.rounds.change(code, record=RECORD | {"duty": "law", "feedback_on": "2027-03-01"})
    assert {fault.field for fault in house.rounds.check(code)} == {*asked} - {"contact_person"}


def test_a_complaint_stands_whole_in_the_log_or_is_refused(house: House) -> None:
    code = house.need(opened=False).code
    house.rounds.note(code, "complaint", f" {'x' * 500} ")
    with pytest.raises(Refused, match="no more than 500 characters"):
        house.rounds.note(code, "complaint", "x" * 501)
    assert [row.why for row in house.table("round_log") if row.what == "complaint"] == ["x" * 500]


def test_a_reason_that_the_log_has_no_room_for_is_refused_and_nothing_is_done(house: House) -> None:
    code = house.need().code
    with pytest.raises(Refused, match="the reason has 501 characters, and the log keeps 500 at most") as refused:
        house.rounds.pause(code, why="x" * 501)
    assert "der Grund hat 501 Zeichen" in spoken(refused.value, "de")
    assert house.rounds.find(code).state == State.OPEN  # type: ignore[union-attr]
    assert [row.what for row in house.table("round_log")].count("paused") == 0
    house.rounds.pause(code, why="x" * 500)
    assert [row.why for row in house.table("round_log") if row.what == "paused"] == ["x" * 500]


def test_a_signature_is_kept_whole_or_refused(house: House) -> None:
    code = closed(house, RECORD)
    with pytest.raises(Refused, match="name and office have 201 characters: say them in at most 200"):
        house.rounds.keep_draft(code, TOLD, signed="x" * 201)
    with pytest.raises(Refused, match="name and office have 201 characters"):
        house.rounds.report_back(code, TOLD, signed="x" * 201)
    assert house.rounds.keep_draft(code, TOLD, signed="x" * 200).signed == "x" * 200


def test_an_issue_can_be_written_anew_and_the_log_keeps_both(house: House) -> None:
    code = closed(house)
    house.rounds.raise_issue(code, REFUSED)
    house.rounds.raise_issue(code, ISSUE, number=1)
    assert house.rounds.find(code).outcome.issues == (ISSUE,)  # type: ignore[union-attr]
    before, after = house.rounds.log(code)[-1].changed["outcome.issues"]
    assert (before[0]["issue"], after[0]["issue"]) == (REFUSED.issue, ISSUE.issue)


def test_an_outcome_changed_behind_the_log_is_seen(house: House) -> None:
    from storage import rounds as stored  # noqa: PLC0415 - what only somebody with the database can do

    code = closed(house)
    house.rounds.raise_issue(code, REFUSED)
    with house.database.transaction() as db:
        row = stored.by_code(db, code)
        assert row is not None
        assert row.outcome is not None
        stored.change(db, row.id, outcome=row.outcome.replace("nobody could be paid", "too late"))
    assert house.rounds.prove(code).altered == ("outcome",)


def test_the_report_is_drafted_from_the_issues_in_each_language(house: House) -> None:
    code = closed(house)
    house.rounds.raise_issue(code, ISSUE)
    house.rounds.raise_issue(code, REFUSED)
    draft = house.rounds.drafted(code, "en")
    for words in ("– Open on Sundays", "– We do not open at night (nobody could be paid)", "You said", "We do not"):
        assert words in draft
    assert "Ustedes dijeron" in house.rounds.drafted(code, "es")


def test_what_was_not_chosen_stands_in_the_draft_under_what_is_not_done(house: House) -> None:
    code = closed(house, RECORD)
    house.rounds.raise_issue(code, ISSUE)
    assert "– …" in house.rounds.drafted(code, "en")
    house.rounds.decide(code, DECISION)
    draft = house.rounds.drafted(code, "en")
    assert "We do not, and why\n– nights: too dear\n" in draft
    assert "…" not in draft


@pytest.mark.parametrize("text", ["…", "You said\n– …\n\nWe do\n– We open.", "We open. …"])
def test_a_report_in_which_something_is_left_to_write_is_not_published(house: House, text: str) -> None:
    code = closed(house, RECORD)
    with pytest.raises(Refused, match="where nobody has written anything, in es"):
        house.rounds.report_back(code, TOLD | {"es": text}, signed="Ada Ames")
    seen = house.rounds.keep_draft(code, TOLD | {"es": text}, signed="Ada Ames").mark
    with pytest.raises(Refused, match="where nobody has written anything, in es"):
        house.rounds.publish_draft(code, seen)
    assert house.rounds.find(code).state == "closed"  # type: ignore[union-attr]


def test_an_ellipsis_of_its_own_writer_keeps_no_report_back(house: House) -> None:
    code = closed(house, RECORD)
    said = TOLD | {"en": "You said “well…”, and we open."}
    assert house.rounds.report_back(code, said, signed="Ada Ames").state == "reported_back"


@pytest.mark.parametrize(
    ("voices", "said"),
    [
        (Voices(40, 0, 0, ()), "About 40 people took part."),
        (
            Voices(12, 0, 0, (), 0, 14),
            "About 10 people took part. Others said that they answer for a group or organisation: about 10.",
        ),
        (Voices(12, 0, 0, (), 0, 9), "About 10 people took part."),
        (Voices(1, 0, 0, ()), "Fewer than 10 people took part."),
        (
            Voices(16, 2, 8, ("The Choir",)),
            "About 20 people took part. Beside them answered: groups 2, organisations 1.",
        ),
    ],
)
def test_the_draft_tells_no_few_and_counts_groups_and_organisations_apart(voices: Voices, said: str) -> None:
    assert wording.report("en", voices, 10, Outcome(), "").startswith(f"{said}\n")


async def test_who_gets_the_result_says_whether_it_was_clear_and_the_last_word_counts(house: House) -> None:
    code = await answered(house, RECORD)
    house.rounds.close(code)
    house.rounds.report_back(code, TOLD, signed="Ada Ames, library")
    await house.delivered()
    citizen = Citizen(house)
    told = house.said("c1")[-1]
    assert "Responsible: Ada Ames, library" in told.text
    assert told.text.endswith("Was this clear?")
    assert [button.label for button in told.buttons] == ["Yes", "Partly", "No"]
    await citizen.taps("No", told)
    assert heard(house, code) == (1, 0, 0, 1)
    (thanks,) = await citizen.taps("Yes", told)
    assert heard(house, code) == (1, 1, 0, 0)
    assert "Thank you" in thanks.text
    (thanks,) = await citizen.taps("Partly", told)
    assert heard(house, code) == (1, 0, 1, 0)
    assert "a person explains what was not clear" in thanks.text
    assert "You told us how clear the result was" in "".join(each.text for each in await citizen.says("MYDATA"))
    stranger = Citizen(house, "c9")
    await stranger.says("hello")
    await stranger.sends(raw("c9", kind="tap", data=f"@clear:{code}"))
    assert heard(house, code) == (1, 0, 1, 0)
    with house.database.transaction() as db:
        assert retention.forget(db, house.clock() + timedelta(days=400), Policy())["wishes"] == 2
    assert heard(house, code) == (1, 0, 1, 0), "numbers stay when nobody is known any more"


async def test_a_citizen_asks_what_happened_to_theirs_and_hears_where_it_is(house: House) -> None:
    nobody = Citizen(house, "c2")
    assert "Nothing here links you to answers" in (await nobody.says("/mine"))[-1].text
    code = await answered(house, FULL)
    citizen = Citizen(house)

    async def mine() -> str:
        return str((await citizen.says("What happened to mine"))[0].text)

    assert "Others can still answer, until 14 December 2026" in await mine()
    house.rounds.close(code)
    assert "are being read" in await mine()
    house.rounds.raise_issue(code, ISSUE)
    house.clock.forward(days=5)
    house.rounds.analyse(code, "Most want Sundays.")
    assert "The decision comes next; on 15 January 2027 you learn what came of it." in await mine()
    house.rounds.read(code, READING)
    house.rounds.decide(code, DECISION)
    assert "it has been decided" in await mine()
    house.rounds.report_back(code, TOLD, signed="Ada Ames")
    told = await mine()
    assert f"/rounds/{code}" in told
    assert TOLD["en"] in told, "the report itself comes along"
    assert "Responsible: Ada Ames" in told


async def test_in_the_middle_of_another_round_they_hear_where_theirs_is_and_the_question_comes_again(
    house: House,
) -> None:
    from tests.bot.test_turns import INTO  # noqa: PLC0415 - a conversation told there

    house.rounds.close(await answered(house, RECORD))
    citizen, other = Citizen(house), house.pulse(code="bus7").code
    await citizen.starts(other)
    (question,) = await citizen.does(*INTO)
    for words in (
        "What happened to mine?",
        "what happened to my contribution?",
        "/mine",
        "¿Qué pasó con mi respuesta?",
    ):
        told = await citizen.says(words)
        assert "are being read" in told[0].text
        assert told[-1].text.endswith(question.text.split("\n")[-1])
    assert citizen.answers(other) == []
    await citizen.taps("Very good")
    await citizen.says("What happened to mine is what I ask here")
    assert [each.text for each in citizen.answers(other) if each.text] == ["What happened to mine is what I ask here"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_several_ways_to_ask_what_happened_to_an_answer(language: str) -> None:
    script = next(flow for flow in CATALOG.flows if language in flow.languages).script(language)
    asked = {word for word, meant in script.words.items() if meant == "mine" and " " in word}
    assert len(asked) >= 4
    assert {meaning(script, f"{word.upper()} ?") for word in asked} == {"mine"}


@pytest.mark.parametrize("told", [False, True])
async def test_who_waits_for_the_result_hears_where_theirs_is_when_the_link_to_their_answers_is_gone(
    house: House, told: bool
) -> None:
    code = await answered(house, RECORD)
    house.rounds.close(code)
    house.clock.forward(days=31)
    house.sweeps.findings()
    house.sweeps.privacy()
    assert house.table("sessions") == []
    if told:
        house.rounds.report_back(code, TOLD, signed="Ada Ames")
        house.clock.forward(days=29)
        house.sweeps.privacy()
    said = (await Citizen(house).says("What happened to mine"))[0].text
    assert (TOLD["en"] if told else "are being read") in said
    if told:
        house.clock.forward(days=2)
        house.sweeps.privacy()
        assert house.table("wishes") == []
        assert "Nothing here links you" in (await Citizen(house).says("What happened to mine"))[0].text


@pytest.mark.parametrize("apart", ["late", "group", "declared", ""])
@pytest.mark.parametrize("counted", [False, True])
async def test_who_is_counted_apart_and_leaves_before_the_count_is_no_individual_in_it(
    house: House, apart: str, counted: bool
) -> None:
    code = await answered(house, RECORD)
    of, who = house.table("rounds")[-1].id, house.contact("c1").id
    with house.database.transaction() as db:
        if apart == "declared":
            (said, *_) = answers.every(db, of)
            answers.append(db, [said._replace(state="role", verb="choose", item="you.role", choice="group")])
        elif apart:
            kind, late = ("group", False) if apart == "group" else ("individual", True)
            entries.add(db, entries.Entry(who, of, None, kind, 1, "", house.clock(), late))
    house.rounds.close(code)
    if counted:
        house.clock.forward(days=15)
        house.sweeps.findings()
    citizen = Citizen(house)
    await citizen.says("DELETE")
    await citizen.taps("Yes")
    with house.database.reading() as db:
        assert findings.people(db, of) == (1 if counted else 0)
        assert trail.prove(db, of).altered == ()


def test_days_are_counted_with_the_holidays_of_the_country_in_the_readers_language() -> None:
    found = legal.length(date(2026, 12, 21), date(2027, 1, 3), "ES", "MD", "es")
    assert (found.days, found.working_days) == (14, 8)
    assert found.holidays == ((date(2026, 12, 25), "Natividad del Señor"), (date(2027, 1, 1), "Año Nuevo"))
    assert legal.length(date(2026, 12, 21), date(2027, 1, 3), "", "", "es").working_days == 10


def test_a_round_counts_both_its_first_and_its_last_day(house: House) -> None:
    code = house.need(opens_at=NOON, closes_at=NOON + timedelta(days=6)).code
    length = house.rounds.length(code, "en")
    assert length is not None
    assert (length.days, length.working_days) == (7, 5)


async def answered(house: House, record: dict[str, Any]) -> str:
    """Let one citizen hand in, wishing for the result; return the code of the round."""
    from tests.bot.test_turns import INTO, to_review  # noqa: PLC0415 - a conversation told there

    code = house.need(record=record).code
    citizen = Citizen(house)
    await citizen.starts(code)
    await citizen.does(*INTO)
    await to_review(citizen, send_you_the_result="Yes")
    await citizen.says("ok")
    return code


def heard(house: House, code: str) -> tuple[int, int, int, int]:
    """Return to how many a result was sent, to how many it was clear, to how many in part, and to how many not."""
    counts = house.rounds.counts(code)
    return counts.told, counts.clear, counts.partly, counts.unclear


async def test_whoever_is_in_the_middle_when_a_round_closes_may_come_to_the_end(house: House) -> None:
    from tests.bot.test_turns import INTO, to_review  # noqa: PLC0415 - a conversation told there

    code = house.need().code
    quick, slow, late = Citizen(house, "quick"), Citizen(house, "slow"), Citizen(house, "late")
    for each in (quick, slow):
        await each.starts(code)
        await each.does(*INTO)
    house.rounds.close(code)
    assert "closed" in (await late.starts(code))[-1].text
    house.clock.forward(minutes=59)
    await to_review(quick)
    await quick.says("ok")
    house.clock.forward(minutes=1)
    assert "closed in the meantime" in (await slow.says("Longer hours"))[0].text
    counts = house.rounds.counts(code)
    assert (counts.answers, counts.finished) == (1, 1)
    assert "answers can no longer change" in (await quick.says("CHANGE"))[-1].text


async def test_once_its_end_is_past_a_round_takes_nothing_new_also_before_a_sweep_has_come_by(house: House) -> None:
    from tests.bot.test_turns import INTO  # noqa: PLC0415 - a conversation told there

    code = house.need(closes_at=NOON + timedelta(days=1)).code
    amid, late = Citizen(house, "amid"), Citizen(house, "late")
    await amid.starts(code)
    await amid.does(*INTO)
    house.clock.forward(days=1)
    assert "closed" in (await late.starts(code))[0].text
    assert "You can still come to the end until" in (await amid.says("Longer hours"))[0].text
    house.clock.forward(hours=1)
    assert "closed in the meantime" in (await amid.says("BACK"))[0].text
    assert {row.status for row in house.table("sessions")} == {"active"}, "the clock may be wrong"
    assert house.counter.begin(code, "paper", "en", Voice(late=True), None).parts
    assert [entry.late for entry in house.table("entries")] == [True], "paper came after the last day"
    house.sweeps.rounds()
    await amid.says("BACK")
    assert [row.status for row in house.table("sessions") if row.started_at == NOON] == ["expired"]


async def test_who_is_in_the_middle_comes_to_the_end_also_where_an_earlier_version_told_the_result_by_then(
    house: House,
) -> None:
    from tests.bot.test_turns import INTO, to_review  # noqa: PLC0415 - a conversation told there

    code, slow = house.need().code, Citizen(house, "slow")
    await slow.starts(code)
    await slow.does(*INTO)
    house.rounds.close(code)
    house.rounds.analyse(code, "People want longer hours.")
    told_before(house, code)
    house.clock.forward(minutes=30)
    await to_review(slow, send_you_the_result="Yes")
    await slow.says("ok")
    assert house.rounds.counts(code).answers == 1
    house.clock.forward(minutes=30)
    assert house.sweeps.findings() == 1
    told = [letter.text for letter in await house.delivered()]
    assert any("We open on Sundays." in text for text in told)
    assert heard(house, code)[0] == 1


def told_before(house: House, code: str) -> None:
    """Publish a result as earlier versions did, whoever was in the middle of it."""
    with house.database.transaction() as db:
        row = rounds.by_code(db, code)
        assert row is not None
        signed = outcome.dump(Outcome(signed="Rosa, head of libraries"))
        rounds.change(db, row.id, report=record.dump({"en": "We open on Sundays.", "es": "Abrimos."}), outcome=signed)
        rounds.move(db, row.id, ANSWERED, State.REPORTED_BACK, reported_at=house.clock())


async def test_a_round_that_was_given_up_knows_no_grace(house: House) -> None:
    from tests.bot.test_turns import INTO  # noqa: PLC0415 - a conversation told there

    code, citizen = house.need().code, Citizen(house)
    await citizen.starts(code)
    await citizen.does(*INTO)
    house.rounds.cancel(code, why="no money")
    assert "closed in the meantime" in (await citizen.says("Longer hours"))[0].text


def test_what_was_left_unsaid_is_asked_for_in_the_organisers_language(house: House) -> None:
    code = closed(house)
    with pytest.raises(Refused) as refused:
        house.rounds.raise_issue(code, KeyIssue("", 1, "y", "yes", ""))
    assert spoken(refused.value, "es") == "diga qué planteó la gente"


def test_what_comes_too_late_is_refused_for_what_has_happened(house: House) -> None:
    code = closed(house, RECORD)
    house.rounds.decide(code, replace(DECISION, on="2026-11-26"))
    with pytest.raises(Refused, match="the decision is written down already"):
        house.rounds.analyse(code, "They want to sleep.")
    house.rounds.report_back(code, {"en": "We open.", "es": "Abrimos."}, signed="Ada Ames")
    cancelled = house.need().code
    house.rounds.cancel(cancelled, why="no money")
    for one, said in ((code, "published already"), (cancelled, "over already")):
        late: list[Callable[[], object]] = [
            partial(house.rounds.read, one, READING),
            partial(house.rounds.analyse, one, "They want to sleep."),
            partial(house.rounds.decide, one, DECISION),
        ]
        for act in late:
            with pytest.raises(Refused, match=said):
                act()
    house.rounds.archive(code, "Begin earlier.")
    for one in (code, cancelled):
        with pytest.raises(Refused, match="over already"):
            house.rounds.archive(one, "Again.")
