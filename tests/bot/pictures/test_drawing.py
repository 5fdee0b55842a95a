"""The drawing: everything there is to read stands in it, it needs nothing from outside, and reads from either side."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from bot.pictures.drawing import svg
from bot.pictures.drop_off import drop_off
from bot.pictures.lettering import lines, width
from bot.pictures.listing import listing
from bot.pictures.signs import SIGNS
from bot.texts import languages, texts
from flows.examples import filled
from flows.form import VERBS
from tests.flows.talk import flow_of

if TYPE_CHECKING:
    from flows.catalog import Catalog

SVG = "{http://www.w3.org/2000/svg}"
FLOW = flow_of("""
[states.like]
choose = 'Do you "like" it & <now>?'
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No", next = "bye" }]
next = "thanks"
[states.thanks]
end = "Thank you."
[states.bye]
end = "Bye."
[states.urgent]
say = "Call for help."
""")


def read(picture: str) -> ET.Element:
    return ET.fromstring(picture)  # noqa: S314 - our own


def words(picture: str) -> str:
    """Return all that is written on a picture."""
    return " ".join(each.text or "" for each in read(picture).iter(f"{SVG}text"))


def test_it_shows_what_is_asked_and_what_leads_where() -> None:
    picture = svg(FLOW, texts("en"))
    assert 'Do you "like" it & <now>?' in words(picture)
    assert "“Yes” or skipped" in words(picture)
    assert "one of several" in words(picture)
    assert len(list(read(picture).iter(f"{SVG}polygon"))) == 2


def test_what_can_be_said_at_any_time_is_on_no_way_and_not_drawn() -> None:
    assert "Call for help" not in words(svg(FLOW, texts("en")))


def test_it_has_a_name_and_a_description() -> None:
    root = read(svg(FLOW, texts("en"), "My round"))
    named = {each.get("id"): each.text for each in root}
    assert root.get("role") == "img"
    assert [bool(named[one]) for one in (root.get("aria-labelledby") or "").split()] == [True, True]
    assert named["picture-title"] == "My round"


def test_people_stand_on_the_arrows_and_make_them_thicker_few_of_them_do_not() -> None:
    moves = {("@start", "like"): 100, ("like", "thanks"): 80, ("like", "bye"): 3}
    picture = svg(FLOW, texts("en"), "", drop_off(FLOW, moves, 5))
    assert "80 · 80%" in words(picture)
    assert "stopped here: 15 · 15%" in words(picture)
    assert "under 5" in words(picture)
    assert not re.search(r">3\b", picture)
    drawn = [one for one in read(picture).iter(f"{SVG}path") if one.get("class") == "way"]
    thick = {one.get("stroke-dasharray"): float(one.get("stroke-width", "0")) for one in drawn}
    assert thick == {None: 12.0, "2 5": 1.5}


def test_nothing_is_fetched_and_nothing_is_styled_from_inside(catalog: Catalog) -> None:
    picture = svg(filled(catalog.get("option_round")), texts("en"))
    named = {value for each in read(picture).iter() for value in each.attrib.values() if "://" in value}
    assert named == set()
    assert not re.search(r"<style|<script|style=|href|url\(", picture)


@pytest.mark.parametrize("language", languages())
def test_every_flow_is_drawn_in_every_language(language: str, catalog: Catalog) -> None:
    for flow in map(filled, catalog.flows):
        root = read(svg(flow, texts(language)))
        assert (root.get("lang"), root.get("direction")) == (language, "rtl" if language == "ar" else "ltr")
        boxes = [each for each in root.iter(f"{SVG}rect") if "box" in (each.get("class") or "")]
        assert len(boxes) == len(flow.scripts["en"].states) - 1
        assert all(0 <= float(one.get("x", "-1")) <= float(root.get("width", "0")) - 300 for one in boxes)


def test_right_to_left_is_the_mirror_image(catalog: Catalog) -> None:
    flow = filled(catalog.get("deliver_pulse"))

    def begin(language: str) -> float:
        root = read(svg(flow, texts(language)))
        title = next(root.iter(f"{SVG}text"))
        return float(title.get("x", "0")) / float(root.get("width", "1"))

    assert begin("en") < 0.1
    assert begin("ar") > 0.9


def test_the_table_says_the_same_as_the_picture() -> None:
    moves = {("@start", "like"): 100, ("like", "thanks"): 80, ("like", "bye"): 3}
    rows = listing(FLOW, texts("en"), drop_off(FLOW, moves, 5))
    assert [row.text for row in rows] == ['Do you "like" it & <now>?', "Bye.", "Thank you."]
    assert (rows[0].verb, rows[0].options, rows[0].came) == ("one of several", ("Yes", "No"), "100 came")
    assert rows[0].stopped == "stopped here: 15 · 15%"
    assert {(way.on, way.to, way.went) for way in rows[0].onward} == {
        ("“Yes” or skipped", "Thank you.", "80 · 80%"),
        ("“No”", "Bye.", "under 5"),
    }
    assert [row.came for row in listing(FLOW, texts("en"))] == ["", "", ""]


def test_every_verb_has_a_sign_and_a_name_in_every_language() -> None:
    assert set(VERBS) <= set(SIGNS)
    for language in languages():
        assert {f"verb.{verb}" for verb in VERBS} <= set(texts(language).sentences)


def test_lines_fit_their_room_and_lose_no_word_but_at_the_end() -> None:
    text = "Which of these changes would help you most of all?"
    assert " ".join(lines(text, 15, 120, 9)) == text
    assert all(width(line, 15) <= 120 for line in lines(text, 15, 120, 9))
    cut = lines(text, 15, 120, 2)
    assert len(cut) == 2
    assert cut[-1].endswith("…")
    assert all(width(line, 15) <= 60 for line in lines("Donaudampfschifffahrtsgesellschaft", 15, 60, 9))
