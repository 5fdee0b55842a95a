"""Each flow that is ready has a filled example: whole, true in every language, and fit to be opened as it stands."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.errors import Refused
from bot.rounds import legal, record
from bot.rounds.example import FOLDER, example, kept, known, untouched, written
from bot.rounds.library import Library
from bot.rounds.organising import Rounds
from bot.rounds.wording import meaning
from bot.rounds.written import shaped
from flows import engine, memory
from flows.checks import wording
from flows.model import Allocate, Ask, BestWorst, Context, Kind, Message, Photo, Place, Rank, Review, Status
from flows.plain import rules
from tests.flows.talk import LANGUAGES
from tests.support.house import CATALOG, NOON, RECORD
from tests.support.signing import sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.rounds.example import Example
    from flows.model import Flow, Session, State
    from tests.support.house import House

FIRST = date(2026, 11, 24)
READY = [flow.id for flow in CATALOG.flows]
CITY = {"law", "privacy_url", "min_age", "keep_until"}
"""What only the city itself can say."""
PLACE = "Old Town"
FRIDAY = 4


def shown(flow: str, reader: str = "en", last: date | None = None) -> Example:
    return example(CATALOG.get(flow), reader, FIRST, last)


def read_by_people(flow: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give each text of an example in its languages, by its name."""
    one = shown(flow)
    yield "title", dict(one.title)
    yield from ((name, text) for name, text in one.record.items() if isinstance(text, dict) and name != "lists")
    yield from ((f"{name}.{id_}", text) for name, rows in one.record.get("lists", {}).items() for id_, text in rows)


def notes(flow: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give each note for staff in the languages it can be read in, by its name; what has no words is left out."""
    in_each = {language: shown(flow, language).record for language in LANGUAGES}
    for name in (field.name for field in legal.FIELDS if field.kind == "note" and field.name in in_each["en"]):
        if not str(in_each["en"][name]).isdigit():
            yield name, {language: str(said[name]) for language, said in in_each.items()}


def test_every_flow_that_is_ready_has_an_example() -> None:
    assert sorted(READY) == list(known())


@pytest.mark.parametrize("flow", READY)
def test_an_example_says_all_that_is_asked_and_nothing_else(flow: str) -> None:
    asked = {*record.wanted(CATALOG.get(flow)), *(field.name for field in legal.asked(CATALOG.get(flow)))}
    one = shown(flow).record
    said = {*one, *one.get("lists", {})} - {"lists"}
    full = {field.name for field in legal.FIELDS if field.full}
    free = CITY | {"hazard", "task", "other_ways"} | (set() if legal.consults(one) else full)
    assert said <= asked
    assert asked - said <= free
    assert all(one.values())


def test_the_two_that_decide_for_good_hold_the_whole_record_of_the_law() -> None:
    full = [flow for flow in READY if legal.consults(shown(flow).record)]
    assert full == ["option_round", "keep_or_stop"]
    for flow in full:
        assert {field.name for field in legal.FIELDS} <= shown(flow).record.keys()


@pytest.mark.parametrize("flow", READY)
def test_no_line_of_its_file_goes_unused(flow: str) -> None:
    """What a file says under a name nobody asks for would be lost in silence."""
    whole = tomllib.loads((FOLDER / f"{flow}.toml").read_text("utf-8"))
    one = shown(flow)
    assert {*whole, *whole.pop("days", {})} - {"days", "closes"} == {*one.record, "title"}
    assert whole.get("lists", {}).keys() == one.record.get("lists", {}).keys()


@pytest.mark.parametrize("flow", READY)
def test_every_text_is_truly_translated(flow: str) -> None:
    for name, text in [*read_by_people(flow), *notes(flow)]:
        assert set(text) == set(LANGUAGES), name
        assert len(set(text.values())) == len(LANGUAGES), name
        assert re.search("[\u0600-\u06ff]", text["ar"]), name


@pytest.mark.parametrize("flow", READY)
def test_french_sets_a_space_that_does_not_break_before_its_marks(flow: str) -> None:
    for name, text in [*read_by_people(flow), *notes(flow)]:
        assert not re.search(r"[^\u00a0\u202f\d](?<!https)[:;?!»]|«[^\u00a0]", text["fr"]), name
        assert "'" not in text["fr"], name


@pytest.mark.parametrize("flow", READY)
def test_what_people_read_is_plain(flow: str) -> None:
    plain = rules()[0]
    found = []
    for name, texts in [*read_by_people(flow), *notes(flow)]:
        for language, text in texts.items():
            sort: wording.Kind = "label" if name.startswith("ideas.") else "saying"
            words = wording.Text((flow, 1), language, sort, name, text)
            found += [(name, language, told) for told in wording._judged(words, plain[language], CATALOG.shelf)]
    assert found == []


# --------------------------------------------------------------------------- as a round


@pytest.fixture
def rounds(house: House) -> Rounds:
    """Give the rounds of a city that speaks every language."""
    services = tuple(replace(one, languages=LANGUAGES) for one in house.config.services)
    config = replace(house.config, city=replace(house.config.city, languages=LANGUAGES), services=services)
    library = Library(config, house.catalog, house.keys)
    return Rounds(config, house.database, house.keys, house.catalog, library, house.clock, house.mint)


@pytest.mark.parametrize("flow", READY)
def test_an_example_is_signed_opened_and_played_to_its_end_in_each_language(
    house: House, rounds: Rounds, flow: str
) -> None:
    one = shown(flow)
    zone = house.config.city.zone
    closes = datetime.combine(one.closes_on + timedelta(days=1), time(), zone) if one.closes_on else None
    record_ = {**one.record, "title": one.title}
    made = rounds.create(service="library", flow=flow, title=one.title["en"], record=record_, closes_at=closes)
    assert [each.field for each in rounds.check(made.code)] == rounds.borrowed(made.code)
    rounds.change(made.code, record=kept(made.record, rounds.borrowed(made.code)))
    assert rounds.check(made.code) == []
    sign(rounds, house.database, made.code, house.clock())
    assert rounds.open(made.code).state == "open"
    for language in LANGUAGES:
        session, said = through(rounds.played(made.code), language)
        assert session.status is Status.COMPLETED
        assert not re.search(r"\{\w+\}", said)
        assert one.record.get("topic", one.record["decider"])[language] in said


def through(flow: Flow, language: str) -> tuple[Session, str]:
    """Return the session of somebody who answers everything, and all that was said to them."""
    turn = engine.start(flow, Context(language, "console", "tag", "ABCD-EFGH", first_time=True), NOON)
    said = [prompt.text for prompt in turn.prompts]
    for _ in range(60):
        if turn.session.status is not Status.ACTIVE:
            break
        state = flow.script(language).states[turn.session.state]
        turn = engine.advance(flow, memory.load(memory.dump(turn.session)), reply(state, flow, language), NOON)
        said += [prompt.text for prompt in turn.prompts]
    return turn.session, "\n".join(said)


def reply(state: State, flow: Flow, language: str) -> Message:
    match state:
        case Rank():
            return Message(Kind.TEXT, "1, 2, 3")
        case Allocate(options=options, points=points):
            return Message(Kind.TEXT, ", ".join([str(points), *("0" for _ in options[1:])]))
        case BestWorst():
            return Message(Kind.TEXT, "1, 2")
        case Ask() | Place():
            return Message(Kind.TEXT, PLACE)
        case Photo():
            return Message(Kind.PHOTO, file="photo")
        case Review():
            return Message(Kind.TEXT, flow.script(language).phrases["ok_label"])
        case _:
            return Message(Kind.TEXT, "1")


def test_the_days_keep_their_order_and_offices_are_open_on_them() -> None:
    for flow in READY:
        one = shown(flow)
        days = [record.day_of(one.record.get(name)) for name in ("pack_on", "decided_on", "feedback_on")]
        pack, decided, told = days
        assert one.closes_on is None or one.closes_on > FIRST
        if not CATALOG.get(flow).running:
            assert one.closes_on
            assert decided
            assert told
            assert one.closes_on < decided < told
        assert one.closes_on is None or told is None or told - one.closes_on <= timedelta(weeks=12)
        assert pack is None or pack < FIRST
        assert [day for day in days if day and day.weekday() > FRIDAY] == []


def test_a_later_last_day_moves_what_comes_after_it_and_nothing_before() -> None:
    planned, later = shown("option_round"), shown("option_round", last=date(2027, 2, 8))
    assert (planned.closes_on, later.closes_on) == (date(2027, 1, 4), date(2027, 2, 8))
    assert later.record["pack_on"] == planned.record["pack_on"]
    assert [planned.record[name] for name in ("decided_on", "feedback_on")] == ["2027-03-02", "2027-03-16"]
    assert [later.record[name] for name in ("decided_on", "feedback_on")] == ["2027-04-06", "2027-04-20"]


def test_an_example_speaks_the_languages_of_the_flow_and_tells_staff_in_theirs() -> None:
    one = example(CATALOG.get("option_round").among(["de", "fr"]), "de", FIRST)
    assert one.record["topic"] == {"de": "die Öffnungszeiten der Bibliothek", "fr": "les horaires de la bibliothèque"}
    assert one.record["pack_languages"] == "Alle Sprachen dieser Umfrage"


def test_a_flow_without_an_example_is_told_with_those_that_have_one() -> None:
    with pytest.raises(Refused, match=r"no example for the flow every_verb: there is one for budget_round, "):
        example(replace(CATALOG.get("idea_round"), id="every_verb"), "en", FIRST)


@pytest.mark.parametrize("flow", READY)
@pytest.mark.parametrize("reader", LANGUAGES)
def test_a_written_example_reads_back_as_the_same_record(flow: str, reader: str) -> None:
    one = shown(flow, reader)
    text = written(one, ["An example"], reader)
    read, faults = shaped(tomllib.loads(text))
    assert faults == []
    assert read == {"title": one.title, **one.record}
    assert f"# {meaning(reader, 'influence')}\n" in text


def test_what_still_says_what_the_example_says_is_found_in_any_language() -> None:
    whole = shown("option_round").record
    mine: dict[str, object] = {name: "my own" for name in whole if name != "lists"}
    half = mine | {"topic": {"en": "my own", "es": "el horario de la biblioteca"}, "dpia": whole["dpia"]}
    assert untouched("option_round", mine, [whole]) == []
    assert untouched("option_round", half, [whole]) == ["topic", "dpia"]
    assert {"topic", "pack_costs", "contact_person", "decider", "task", "ideas"} <= {
        *untouched("option_round", whole, [whole])
    }
    assert untouched("nobody_has_written_it", whole, [whole]) == []


def test_labels_of_a_list_are_found_and_what_is_kept_is_not() -> None:
    whole = shown("option_round").record
    ideas = {"ideas": [["a", "Sundays from 10 to 4"], ["b", "Mondays"]]}
    assert untouched("option_round", {"lists": ideas}, [whole]) == ["ideas"]
    assert untouched("option_round", {"lists": {"ideas": [["a", "Sundays"], ["b", "Mondays"]]}}, [whole]) == []
    assert untouched("option_round", kept({"decider": whole["decider"]}, ["decider"]), [whole]) == []


def test_who_finds_the_same_words_alone_is_told_and_not_kept_from_opening(house: House) -> None:
    whole = shown("need_round").record
    code = house.need(opened=False, record=RECORD | {"feedback_on": "2027-02-15"}).code
    for name in ("topic", "decider", "open_points"):  # one thing after the other, as the chat asks
        house.rounds.change(code, record={**house.rounds.find(code).record, name: whole[name]})  # type: ignore[union-attr]
    assert house.rounds.check(code) == []
    assert house.rounds.hints(code) == [
        "the words of the example still stand in topic, open_points: people would read them as yours"
    ]
    known = house.rounds.find(code).record  # type: ignore[union-attr]
    house.rounds.change(code, record=kept(known, ["topic", "open_points"]))
    assert house.rounds.hints(code) == []


def test_the_title_of_the_example_is_found_in_any_language_and_days_where_it_puts_them(house: House) -> None:
    one = shown("need_round")
    closes = datetime.combine(NOON.date() + timedelta(days=41), time(), house.config.city.zone)
    titled = {**one.record, "title": {"es": one.title["es"]}}
    code = house.need(opened=False, title="My own", record=titled, closes_at=closes).code
    assert {"title", "decided_on"} <= set(house.rounds.borrowed(code))
    later = shown("need_round", last=NOON.date() + timedelta(days=40)).record
    house.rounds.change(code, record=later)
    assert {"title", "decided_on", "feedback_on"} & set(house.rounds.borrowed(code)) == {"decided_on", "feedback_on"}
    house.rounds.change(code, title=one.title["en"], record={**later, "decided_on": "2027-05-05"})
    assert {"title", "decided_on", "feedback_on"} & set(house.rounds.borrowed(code)) == {"title", "feedback_on"}


def test_a_round_does_not_open_with_words_of_the_example_unless_they_are_true(house: House) -> None:
    code = house.need(opened=False, record={**shown("need_round").record, "topic": "my own"}).code
    left = house.rounds.borrowed(code)
    assert {"open_points", "fixed_points", "other_ways", "decider"} <= set(left)
    assert {"influence", "duty", "level", "decided_on", "feedback_on"} < set(left), "choices and days, too"
    assert [each.field for each in house.rounds.check(code)] == left
    with pytest.raises(Refused, match="open_points still holds words of the example"):
        house.sign(code)
    lists = {"ideas": [["a", "My own"], ["b", "Another"]]}
    days = {"decided_on": "2027-02-03", "feedback_on": "2027-03-03"}
    chosen = {"influence": "work", "level": "group", "own_words": "duty"}
    mine: dict[str, object] = {**dict.fromkeys(left, "my own"), "lists": lists, "duty": "none", **days, **chosen}
    mine = {**house.rounds.find(code).record, **mine}  # type: ignore[union-attr]
    house.rounds.change(code, record=mine | {"decider": shown("need_round").record["decider"]})
    assert [each.field for each in house.rounds.check(code)] == ["decider"]
    house.rounds.change(code, record=kept(house.rounds.find(code).record, ["decider"]))  # type: ignore[union-attr]
    assert house.rounds.hints(code) == []
    house.sign(code)
    assert house.rounds.open(code).state == "open"
    assert "own_words" in house.rounds.log(code)[2].fields


def test_what_is_missing_in_one_of_several_languages_is_named_with_it(house: House) -> None:
    code = house.need(opened=False).code
    assert house.rounds.untranslated(code, "en").startswith(
        "not yet in every language: title, ideas (missing: Español). "
    )
    known = house.rounds.find(code).record  # type: ignore[union-attr]
    both = [[id_, {"en": id_, "es": f"{id_} es"}] for id_ in ("early", "late")]
    known = {**known, "title": {"es": "El horario", "en": "Opening hours"}}
    house.rounds.change(code, record={**known, "lists": {"ideas": both}})
    assert house.rounds.untranslated(code, "en") == ""
    house.rounds.change(code, record={**known, "topic": "the hours", "open_points": {"en": "all", "es": ""}})
    assert ": topic, open_points, ideas (missing: Español). " in house.rounds.untranslated(code, "en")
