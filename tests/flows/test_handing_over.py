"""A state hands over to another flow, whose questions come in its place, and takes the answers back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows import diagram
from flows.catalog import Catalog
from flows.model import Status
from flows.source import compile_files
from tests.flows.talk import PHRASES, Talk

if TYPE_CHECKING:
    from flows.model import Flow

OUTER = """
flow = "visit"
version = 1
stage = "deliver"
language = "en"
title = "Your visit"
start = "often"

[states.often]
choose = "Do you come often?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "wish" }]

[states.about]
flow = "about_you"
next = [{ when = { "about.lives" = "no" }, to = "far" }, { to = "wish" }]

[states.far]
number = "How far do you come?"
least = 0
most = 90

[states.wish]
ask = "What do you wish?"

[states.bye]
end = "Thank you."
"""
INNER = """
flow = "about_you"
version = 1
language = "en"
title = "About you"
start = "lives"

[states.lives]
choose = "Do you live here?"
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "back" }]
next = [{ when = { lives = { answered = false } }, to = "back" }, { to = "age" }]

[states.age]
number = "How old are you?"
least = 0
most = 120
next = [{ when = { not = { age = { more = 15 } } }, to = "young" }, { to = "back" }]

[states.back]
end = "That was about you."

[states.young]
end = "This is for people of 16 or older."
outcome = "too_young"
"""
SPANISH_OUTER = """
of = { flow = "visit", version = 1 }
language = "es"
title = "Su visita"
[states.often]
choose = "¿Viene a menudo?"
options = { yes = "Sí", no = "No" }
[states.far]
number = "¿De cuán lejos viene?"
[states.wish]
ask = "¿Qué desea?"
[states.bye]
end = "Gracias."
"""
SPANISH_INNER = """
of = { flow = "about_you", version = 1 }
language = "es"
title = "Sobre usted"
[states.lives]
choose = "¿Vive aquí?"
options = { yes = "Sí", no = "No" }
[states.age]
number = "¿Cuántos años tiene?"
[states.back]
end = "Eso fue todo sobre usted."
[states.young]
end = "Esto es para personas de 16 años o más."
"""
FILES = {
    **PHRASES,
    "visit.toml": OUTER,
    "visit.es.toml": SPANISH_OUTER,
    "parts/about_you.toml": INNER,
    "parts/about_you.es.toml": SPANISH_INNER,
}


def whole(**changed: str) -> Flow:
    """Compile the files; `outer` and `inner` take the place of theirs."""
    files = {**FILES, "visit.toml": changed.get("outer", OUTER), "parts/about_you.toml": changed.get("inner", INNER)}
    return compile_files(files)


def test_the_questions_of_the_other_flow_come_in_the_place_of_the_state() -> None:
    talk = Talk(whole()).says("yes").hears("Do you live here?").says("yes").hears("How old are you?")
    talk.says("40").hears("What do you wish?").never_hears("That was about you.")
    talk.says("more light").hears("Thank you.")
    assert talk.answers == {"often": "yes", "about.lives": "yes", "about.age": 40.0, "wish": "more light"}
    assert talk.session.status is Status.COMPLETED


def test_ways_of_the_other_flow_lead_about_within_it_and_back() -> None:
    assert Talk(whole()).says("yes", "SKIP").stands_at("wish").answers == {"often": "yes", "about.lives": None}


def test_its_answers_lead_on_in_the_flow_that_handed_over() -> None:
    Talk(whole()).says("yes", "no").stands_at("far")
    Talk(whole()).says("yes", "yes", "40").stands_at("wish")


def test_an_end_that_is_no_success_ends_it_all() -> None:
    talk = Talk(whole()).says("yes", "yes", "12").hears("This is for people of 16 or older.")
    assert talk.session.status is Status.TOO_YOUNG


def test_an_option_leads_past_the_other_flow_and_back_leads_into_it() -> None:
    talk = Talk(whole()).says("no").stands_at("wish")
    talk.says("BACK", "yes", "yes", "40", "BACK").stands_at("about.age")
    talk.says("40", "CHANGE 2", "no").stands_at("far")
    assert list(talk.counted) == ["often", "about.lives"]


def test_translations_come_along() -> None:
    assert whole().languages == ("en", "es")
    Talk(whole(), "es").says("sí").hears("¿Vive aquí?").says("sí").hears("¿Cuántos años tiene?")


def test_a_flow_may_be_handed_over_to_twice_and_from_within_another() -> None:
    twice = OUTER.replace("[states.wish]", '[states.again]\nflow = "about_you"\n\n[states.wish]')
    talk = Talk(whole(outer=twice.replace('to = "wish"', 'to = "again"'))).says("yes", "yes", "40", "no")
    assert list(talk.answers) == ["often", "about.lives", "about.age", "again.lives"]
    middle = (
        'flow = "middle"\nversion = 1\nlanguage = "en"\ntitle = "M"\nstart = "in"\n[states.in]\nflow = "about_you"\n'
    )
    files = {**FILES, "middle.toml": f'{middle}[states.back]\nend = ""\n'}
    outer = OUTER.replace('flow = "about_you"', 'flow = "middle"').replace("about.lives", "about.in.lives")
    talk = Talk(compile_files({**files, "visit.toml": outer})).says("yes", "no").stands_at("far")
    assert list(talk.answers) == ["often", "about.in.lives"]


def test_the_questions_are_counted_and_drawn() -> None:
    assert whole().questions == 5
    assert ("about.lives", "about.age", "else") in diagram.arrows(whole())
    assert "s_about__lives" in diagram.mermaid(whole())


def test_the_newest_version_is_taken_unless_another_is_named() -> None:
    newer = INNER.replace("version = 1", "version = 2").replace("Do you live here?", "Is your home here?")
    files = {**FILES, "parts/about_you2.toml": newer}
    assert Talk(compile_files(files)).says("yes").text == "Is your home here?"
    pinned = OUTER.replace('flow = "about_you"', 'flow = { id = "about_you", version = 1 }')
    assert Talk(compile_files({**files, "visit.toml": pinned})).says("yes").text == "Do you live here?"


def test_what_is_kept_of_it_makes_the_same_flow_and_the_hash_covers_the_other() -> None:
    catalog = Catalog.of(FILES)
    files, sha256 = catalog.bundle(catalog.get("visit"))
    assert set(FILES) - set(PHRASES) <= set(files)
    assert compile_files(files) == catalog.get("visit")
    changed = Catalog.of({**FILES, "parts/about_you.toml": INNER.replace("How old", "Of what age")})
    assert changed.bundle(changed.get("visit"))[1] != sha256
    translated = Catalog.of({**FILES, "parts/about_you.es.toml": SPANISH_INNER.replace("¿Vive", "¿Reside")})
    assert translated.bundle(translated.get("visit"))[1] != sha256


def test_a_flow_only_others_hand_over_to_is_no_flow_for_a_round_and_can_be_played() -> None:
    catalog = Catalog.of(FILES)
    assert [flow.id for flow in catalog.flows] == ["visit"]
    assert Talk(catalog.get("about_you")).says("no").hears("That was about you.")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            'flow = "about_you"',
            'flow = "about_yu"',
            14,
            'there is no flow "about_yu" to hand over to. Did you mean "about_you"?',
        ),
        (
            'flow = "about_you"',
            'flow = { id = "about_you", version = 7 }',
            14,
            'there is no flow "about_you, version 7" to hand over to. Did you mean "about_you"?',
        ),
        (
            'flow = "about_you"',
            'flow = "visit"',
            14,
            "flows hand over in a circle: visit → visit. Take one out.",
        ),
        (
            '"about.lives" = "no"',
            '"about.live" = "no"',
            15,
            'no state "about.live" to compare with. Did you mean "about.lives"?',
        ),
        (
            '"about.lives" = "no"',
            '"about.lives" = "nope"',
            15,
            '"about.lives" has no option "nope". Did you mean "no"?',
        ),
    ],
)
def test_a_fault_of_handing_over_is_told_with_its_line(old: str, new: str, line: int, message: str) -> None:
    issues = Catalog.of({**FILES, "visit.toml": OUTER.replace(old, new)}).issues
    told = [(issue.file, issue.line, issue.message) for issue in issues if issue.code != "missing-key"]
    assert told == [("visit.toml", line, message)]


def test_a_longer_circle_is_refused() -> None:
    inner = INNER.replace("[states.back]", '[states.round]\nflow = "visit"\n\n[states.back]')
    found = Catalog.of({**FILES, "parts/about_you.toml": inner}).issues
    assert "flows hand over in a circle: visit → about_you → visit. Take one out." in {one.message for one in found}


def test_what_is_wrong_with_the_other_flow_is_told_once_and_of_it_alone() -> None:
    inner = INNER.replace('to = "age"', 'to = "agee"')
    catalog = Catalog.of({**FILES, "parts/about_you.toml": inner})
    (issue,) = catalog.issues
    assert (issue.file, issue.message) == ("parts/about_you.toml", 'to = "agee": no such state. Did you mean "age"?')
    assert catalog.issues_of("visit") == [issue]
    assert not catalog.flows


def test_a_language_the_other_flow_lacks_is_told_where_it_is_handed_over() -> None:
    files = {name: text for name, text in FILES.items() if name != "parts/about_you.es.toml"}
    (issue,) = Catalog.of(files).issues
    assert (issue.file, issue.line, issue.code) == ("visit.toml", 14, "missing-translation")


def test_names_too_long_for_a_button_are_told() -> None:
    long = "a" * 30
    outer = OUTER.replace("[states.about]", f"[states.{long}]").replace('"about.lives"', f'"{long}.lives"')
    inner = INNER.replace(".age]", f".{'b' * 20}]").replace('"age"', f'"{"b" * 20}"').replace("{ age", "{ " + "b" * 20)
    files = {**FILES, "visit.toml": outer, "parts/about_you.toml": inner}
    del files["parts/about_you.es.toml"], files["visit.es.toml"]
    assert [(one.file, one.line, one.code) for one in Catalog.of(files).issues] == [
        ("visit.toml", 14, "button-too-long")
    ]


def test_a_flow_without_a_stage_that_nobody_hands_over_to_is_told() -> None:
    alone = {**PHRASES, "about_you.toml": INNER, "about_you.es.toml": SPANISH_INNER}
    (issue,) = Catalog.of(alone).issues
    assert issue.message == '"stage" is missing. Add it, or let another flow hand over to this one.'
