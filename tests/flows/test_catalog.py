"""Finding flows, keeping them, binding them to a round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows.binding import bind, missing
from flows.catalog import PACKAGED, Catalog
from flows.examples import example_values, filled
from flows.model import Choose, Stage
from flows.phrasebook import FROM_ROUND, PHRASES, PLACEHOLDERS, WORDS
from flows.source import compile_files
from flows.words import placeholders
from tests.flows.talk import files_of, flow_of

if TYPE_CHECKING:
    from pathlib import Path

    from flows.binding import Worded


def test_every_stage_has_a_flow_in_both_languages(catalog: Catalog) -> None:
    assert {flow.stage for flow in catalog.flows} == set(Stage)
    assert all({"en", "es"} <= set(flow.languages) for flow in catalog.flows)


def test_flows_come_in_the_order_of_their_stages(catalog: Catalog) -> None:
    stages = [list(Stage).index(flow.stage) for flow in catalog.flows if flow.stage]
    assert stages == sorted(stages)


def test_the_newest_version_is_found_unless_another_is_named() -> None:
    first = files_of('[states.a]\nask = "A?"\n[states.bye]\nend = ""\n')
    second = {"new.toml": first["small.toml"].replace("version = 1", "version = 12").replace("A?", "B?")}
    catalog = Catalog.of({**first, **second})
    assert catalog.get("small").version == 12
    assert catalog.get("small", 1).scripts["en"].states["a"].text == "A?"
    assert [flow.version for flow in catalog.flows] == [12]


def test_the_same_version_twice_is_a_fault() -> None:
    files = files_of('[states.a]\nask = "A?"\n[states.bye]\nend = ""\n')
    issues = Catalog.of({**files, "twin.toml": files["small.toml"]}).issues
    assert [(issue.file, issue.code) for issue in issues] == [("twin.toml", "duplicate-flow")]


@pytest.mark.parametrize("version", [None, 7])
def test_a_flow_that_is_not_there_is_not_found(catalog: Catalog, version: int | None) -> None:
    with pytest.raises(KeyError):
        catalog.get("nothing", version)


def test_flows_of_ones_own_stand_beside_the_packaged_ones(tmp_path: Path) -> None:
    own = files_of('[states.a]\nitem = "del.overall"\n[states.bye]\nend = ""\n')["small.toml"]
    (tmp_path / "small.toml").write_text(own, encoding="utf-8")
    catalog = Catalog.load(extra=[tmp_path])
    assert catalog.get("small").scripts["en"].states["a"].text
    assert catalog.issues_of("small") == []
    assert len(catalog.flows) == len(Catalog.load().flows) + 1


def test_a_bundle_makes_the_same_flow_again(catalog: Catalog) -> None:
    for flow in catalog.flows:
        files, digest = catalog.bundle(flow)
        assert compile_files(files) == flow
        assert len(digest) == 64
        assert catalog.bundle(flow)[1] == digest


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("items/deliver.toml", "Overall, how was", "How was"),
        ("items/scales.toml", '"Very good"', '"Excellent"'),
        ("frames/pulse.toml", "Shall we begin?", "Ready?"),
        ("stages/deliver/deliver_pulse.toml", 'to = "went_well"', 'to = "went_badly"'),
        ("items/deliver.es.toml", "En general", "En conjunto"),
        ("items/scales.ar.toml", "جيد جدًا", "ممتاز"),
        ("frames/pulse.fr.toml", "Bonjour", "Salut"),
        ("stages/deliver/deliver_pulse.de.toml", "title = ", "title = 'Neu' # "),
        ("items/scales.toml", "Do not know", "No idea"),
        ("items/scales.pt.toml", "Não sei", "Talvez"),
    ],
)
def test_the_hash_changes_with_what_is_asked_in_any_language(catalog: Catalog, file: str, old: str, new: str) -> None:
    assert old in catalog.texts[file]
    assert _hash_with(catalog, file, catalog.texts[file].replace(old, new, 1)) != _hash_with(catalog, file, None)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("items/deliver.toml", "bank =", "# a word\nbank ="),
        ("items/deliver.toml", "How easy or difficult", "How easy"),
        ("items/deliver.es.toml", "reviewed_by = []", 'reviewed_by = ["Zoé Martin"]'),
        ("items/deliver.es.toml", "¿Le resultó fácil", "¿Fue fácil"),
        ("frames/phrases.toml", "Please choose", "Do choose"),
        ("frames/phrases.es.toml", "Lo dejamos aquí", "Hasta aquí"),
    ],
)
def test_the_hash_stays_where_another_text_changes(catalog: Catalog, file: str, old: str, new: str) -> None:
    assert old in catalog.texts[file]
    assert _hash_with(catalog, file, catalog.texts[file].replace(old, new, 1)) == _hash_with(catalog, file, None)


def _hash_with(catalog: Catalog, file: str, text: str | None) -> str:
    changed = Catalog.of({**catalog.texts, **({file: text} if text else {})})
    return changed.bundle(changed.get("deliver_pulse"))[1]


ITALIAN = """
of = { flow = "deliver_pulse", version = 1 }
language = "it"
title = "Come va?"
"""


def test_a_language_more_or_less_changes_the_hash_and_one_the_flow_does_not_speak_does_not(catalog: Catalog) -> None:
    now = _hash_with(catalog, "x.toml", None)
    flow = catalog.get("deliver_pulse")
    assert _hash_with(catalog, "stages/deliver/deliver_pulse.it.toml", ITALIAN) != now
    italian = 'of = { bank = "deliver" }\nlanguage = "it"\n[items."del.overall"]\nrate = "Come va?"'
    assert _hash_with(catalog, "items/deliver.it.toml", italian) == now
    fewer = {file: text for file, text in catalog.texts.items() if file != "stages/deliver/deliver_pulse.de.toml"}
    less = Catalog.of(fewer)
    assert less.bundle(less.get("deliver_pulse"))[1] != now
    assert not less.still_asks(less.get("deliver_pulse"), catalog.bundle(flow)[0])
    assert less.changed(less.get("deliver_pulse"), catalog.bundle(flow)[0]) == ["stages/deliver/deliver_pulse.de.toml"]


def test_a_file_that_was_moved_asks_the_same(catalog: Catalog) -> None:
    moved = {file.replace("stages/deliver/", "zz/"): text for file, text in catalog.texts.items()}
    elsewhere = Catalog.of(moved)
    assert elsewhere.still_asks(elsewhere.get("deliver_pulse"), catalog.bundle(catalog.get("deliver_pulse"))[0])


def test_a_flow_made_again_of_what_was_kept_has_its_words_and_the_sentences_of_today(catalog: Catalog) -> None:
    kept, _ = catalog.bundle(catalog.get("deliver_pulse"))
    words = catalog.texts["items/deliver.es.toml"].replace("En general", "En conjunto")
    sentences = catalog.texts["frames/phrases.es.toml"].replace("stopped = ", "stopped = 'Eso es todo.' # ")
    now = Catalog.of({**catalog.texts, "items/deliver.es.toml": words, "frames/phrases.es.toml": sentences})
    assert now.get("deliver_pulse").scripts["es"].states["overall"].text.startswith("En conjunto")
    spanish = now.again(kept).scripts["es"]
    assert spanish.states["overall"].text.startswith("En general")
    assert spanish.phrases["stopped"] == "Eso es todo."


def test_the_bank_is_found_by_id_and_by_its_name_in_full(catalog: Catalog) -> None:
    item = catalog.bank.item("deliver.overall")
    assert item is catalog.bank.item("del.overall")
    assert item.verb == "rate"
    assert "T2B" in item.figures
    assert [option.value for option in item.options] == [5, 4, 3, 2, 1, None]
    assert item.label("5", "es") == "Muy buena"
    assert item.text("es") != item.text("en")
    assert item.text("xx") == item.text("en")


def test_each_language_has_every_sentence_and_word_of_the_engine(catalog: Catalog) -> None:
    for language in catalog.languages:
        assert set(PHRASES) - {"urgent"} <= set(catalog.phrases(language))
        assert set(WORDS) <= set(catalog.words(language).values())


def test_the_sentences_of_the_engine_hold_only_the_placeholders_it_fills(catalog: Catalog) -> None:
    for language in catalog.languages:
        for key, own in PHRASES.items():
            found = placeholders(catalog.phrases(language).get(key, ""))
            assert found <= set(own) | PLACEHOLDERS, (language, key, found)


def test_a_language_without_phrases_speaks_english(catalog: Catalog) -> None:
    assert catalog.phrases("xx") == catalog.phrases("en")
    assert catalog.commands("xx") == catalog.commands("en")


# --------------------------------------------------------------------------- binding

AREAS = flow_of(
    """
[states.area]
choose = "{city}: which area?"
options_from = "areas"
options = [{ id = "outside", label = "Outside {city}", next = "bye" }]
why = "Because of {topic}."
[states.reason]
ask = "Why there, of {n} questions in {minutes} min?"
next = [{ when = { area = "north" }, to = "bye" }, { to = "bye" }]
[states.bye]
end = "Receipt {receipt}"
""",
    beside={
        "small.es.toml": """
of = { flow = "small", version = 1 }
language = "es"
title = "P"
[states.area]
choose = "{city}: ¿qué zona?"
options = { outside = "Fuera" }
why = "Por {topic}."
[states.reason]
ask = "¿Por qué?"
[states.bye]
end = "{receipt}"
"""
    },
)


def test_what_a_round_must_bring_is_named() -> None:
    assert AREAS.placeholders >= {"city", "topic"}
    assert "receipt" not in AREAS.placeholders
    assert AREAS.lists == {"areas"}
    needed = missing(AREAS, {"city": "Rivertown"}, {})
    assert "topic" in needed
    assert "areas" in needed
    assert "city" not in needed


def test_binding_fills_every_language_and_brings_the_list_before_the_options() -> None:
    values: dict[str, Worded] = {"city": {"en": "Rivertown", "es": "Villarrío"}, "topic": "bins"}
    bound = bind(AREAS, values, {"areas": [("north", {"en": "North", "es": "Norte"}), ("south", "South")]})
    english, spanish = bound.scripts["en"].states["area"], bound.scripts["es"].states["area"]
    assert english.text == "Rivertown: which area?"
    assert spanish.text == "Villarrío: ¿qué zona?"
    assert english.why == "Because of bins."
    assert isinstance(english, Choose)
    assert isinstance(spanish, Choose)
    assert [option.label for option in english.options] == ["North", "South", "Outside Rivertown"]
    assert [option.label for option in spanish.options] == ["Norte", "South", "Fuera"]
    assert bound.scripts["es"].tables["area"]["norte"] == "north"
    assert bound.scripts["en"].states["bye"].text == "Receipt {receipt}"


def test_the_number_of_questions_and_minutes_follow_from_the_flow() -> None:
    assert bind(AREAS, {}).scripts["en"].states["reason"].text == "Why there, of 2 questions in 1 min?"


def test_a_value_that_looks_like_a_placeholder_is_left_alone() -> None:
    bound = bind(AREAS, {"city": "{topic}", "topic": "x"})
    assert bound.scripts["en"].states["area"].text == "{topic}: which area?"


@pytest.mark.parametrize("wrong", ["North", "a b", "", "x" * 25, "a:b"])
def test_an_id_that_no_button_can_carry_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="areas"):
        bind(AREAS, {}, {"areas": [(wrong, "North")]})


def test_examples_fill_every_flow_in_every_language(catalog: Catalog) -> None:
    for flow in catalog.flows:
        for script in filled(flow).scripts.values():
            for state in script.states.values():
                assert placeholders(state.text) <= {"receipt", "list"}, (flow.id, state.id)
    for language in ("en", "es"):
        assert set(example_values(language)) >= FROM_ROUND


def test_the_packaged_files_are_all_read() -> None:
    names = {file.relative_to(PACKAGED).as_posix() for file in PACKAGED.rglob("*.toml")}
    catalog = Catalog.load()
    assert names == {*catalog.texts, *catalog.rules}


def test_a_flow_of_a_thousand_states_compiles_at_once() -> None:
    states = "".join(
        f'[states.q{n}]\nchoose = "Question {n}?"\noptions = [{{ id = "a", label = "A" }}]\n' for n in range(1000)
    )
    flow = flow_of(states + '[states.bye]\nend = "Bye."\n')
    assert flow.questions == 1000
