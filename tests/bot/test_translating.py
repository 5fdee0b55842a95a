"""Texts go out to a translator and come back as they went."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import translating
from flows.catalog import Catalog

FLOW = """\
flow = "ideas"
version = 3
stage = "design"
language = "en"
title = "Ideas"
start = "priority"

[states.priority]
choose = "Which?"
why = "We wonder."
options = [{ id = "hours", label = "Open later" }, { id = "2nd", label = "Second" }]

[states.over]
end = ""
"""
FRENCH = """\
of = { flow = "ideas", version = 3 }
language = "fr"
title = "Idées"

[states.priority]
choose = "Laquelle ?"
"""


def test_every_text_goes_out_with_its_translation_so_far() -> None:
    lines = translating.take_out({"ideas.toml": FLOW, "ideas.fr.toml": FRENCH}, "fr")
    assert [(line.key, line.text, line.translation) for line in lines] == [
        ("title", "Ideas", "Idées"),
        ("states/priority/choose", "Which?", "Laquelle ?"),
        ("states/priority/why", "We wonder.", ""),
        ("states/priority/options/hours", "Open later", ""),
        ("states/priority/options/2nd", "Second", ""),
    ]


def test_a_table_comes_back_as_the_file_beside_the_flow() -> None:
    table = "file;key;text;translation\nideas.toml;states/priority/options/2nd;Second;Deuxième\n"
    files = {"ideas.toml": FLOW, "ideas.fr.toml": FRENCH}
    lines = translating.merged(files, translating.from_csv(table), "fr")
    made = translating.sidecars(files, lines, "fr")["ideas.fr.toml"]
    assert tomllib.loads(made) == {
        "of": {"flow": "ideas", "version": 3},
        "language": "fr",
        "title": "Idées",
        "states": {"priority": {"choose": "Laquelle ?", "options": {"2nd": "Deuxième"}}},
    }


def test_the_whole_catalogue_out_and_in_again_is_the_same_catalogue() -> None:
    known = Catalog.load()
    lines = translating.from_csv(translating.to_csv(translating.take_out(known.texts, "es")))
    made = translating.sidecars(known.texts, lines, "es")
    again = Catalog.of({**known.texts, **made})
    assert not again.issues
    assert [flow.script("es") for flow in again.flows] == [flow.script("es") for flow in known.flows]


def test_a_draft_shows_what_waits_for_a_translator_as_comments_under_their_headings() -> None:
    files = {"ideas.toml": FLOW, "ideas.fr.toml": FRENCH}
    draft = translating.drafts(files, translating.take_out(files, "fr"), "fr")["ideas.fr.toml"]
    assert tomllib.loads(draft)["states"] == {"priority": {"choose": "Laquelle ?"}}
    filled = tomllib.loads(draft.replace("# ", ""))
    assert filled["states"]["priority"] == {
        "choose": "Laquelle ?",
        "options": {"hours": "Open later", "2nd": "Second"},
        "why": "We wonder.",
    }


def test_the_draft_of_a_language_nobody_has_written_holds_every_text() -> None:
    known = Catalog.load()
    lines = translating.take_out(known.texts, "eu")
    filled = {name: text.replace("\n# ", "\n") for name, text in translating.drafts(known.texts, lines, "eu").items()}
    again = Catalog.of({**known.texts, **filled})
    assert [issue for issue in again.issues if issue.code == "missing-translation"] == []
    assert {flow.languages for flow in again.flows} == {("en", "ar", "de", "es", "eu", "fr", "pt")}


def test_a_table_without_its_columns_is_refused() -> None:
    with pytest.raises(KeyError):
        translating.from_csv("a,b\n1,2\n")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n"\\'), min_size=1))
def test_whatever_a_translator_writes_comes_back_unchanged(text: str) -> None:
    lines = [translating.Line("ideas.toml", "states/priority/choose", "Which?", text)]
    made = translating.sidecars({"ideas.toml": FLOW}, lines, "fr")["ideas.fr.toml"]
    assert tomllib.loads(made)["states"]["priority"]["choose"] == text
