"""The question bank is whole: six stages, core and about-you, each question in each language with its figure."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from flows.model import Stage
from tests.flows.talk import LANGUAGES

if TYPE_CHECKING:
    from flows.catalog import Catalog


def test_each_stage_has_ten_questions_and_one_that_managers_predict(catalog: Catalog) -> None:
    items = catalog.bank.items.values()
    assert Counter(item.stage for item in items if item.stage) == dict.fromkeys(Stage, 10)
    assert Counter(item.id.partition(".")[0] for item in items if not item.stage) == {"core": 4, "you": 5}
    assert Counter(item.stage for item in items if item.predict) == dict.fromkeys(Stage, 1)


def test_each_question_is_said_whole_in_each_language(catalog: Catalog) -> None:
    for item in catalog.bank.items.values():
        for language in LANGUAGES:
            words = item.words[language]
            assert words.text, (item.id, language)
            assert set(words.options) == {option.id for option in item.options}, (item.id, language)


def test_two_languages_never_read_the_same(catalog: Catalog) -> None:
    told = {item.id: [item.text(language) for language in LANGUAGES] for item in catalog.bank.items.values()}
    assert not [item for item, texts in told.items() if len(set(texts)) < len(texts)]


def test_each_question_leads_to_a_figure_and_names_its_source(catalog: Catalog) -> None:
    assert not [item.id for item in catalog.bank.items.values() if not item.figures or not item.source]


def test_headline_and_outside_name_answers_that_are_offered(catalog: Catalog) -> None:
    for item in catalog.bank.items.values():
        offered = {option.id for option in item.options}
        assert {*item.headline, *item.outside} <= offered, item.id
        assert not {*item.headline} & {*item.outside}, item.id


def test_what_a_manager_is_compared_with_has_one_figure(catalog: Catalog) -> None:
    """A question set beside the self-assessment is a scale, or says which answers count."""
    compared = [item for item in catalog.bank.items.values() if item.pair or item.predict]
    assert not [item.id for item in compared if item.scale is None and not item.headline]


def test_the_self_assessment_is_covered_from_its_first_to_its_last_item(catalog: Catalog) -> None:
    pairs = {pair for item in catalog.bank.items.values() for pair in item.pair}
    assert pairs == {f"SA{number:02}" for number in range(1, 19)}


def test_only_the_question_about_disability_is_special_category_data_and_no_flow_asks_it(catalog: Catalog) -> None:
    special = {item.id for item in catalog.bank.items.values() if item.special_category}
    assert special == {"you.disability"}
    asked = {getattr(state, "item", None) for flow in catalog.flows for state in flow.script("en").states.values()}
    assert not special & asked


def test_each_stage_has_a_flow_that_fits_in_fifteen_questions(catalog: Catalog) -> None:
    assert {flow.stage for flow in catalog.flows} == set(Stage)
    assert max(flow.questions for flow in catalog.flows) <= 15
