"""Texts go out to a translator and come back as they went."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from bot import translating, wordlists
from flows.catalog import Catalog
from tests.flows.talk import LANGUAGES

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
    lines, faults = translating.merged(files, wordlists.from_csv(table), "fr")
    assert not faults
    made = translating.sidecars(files, lines, "fr")["ideas.fr.toml"]
    assert tomllib.loads(made) == {
        "of": {"flow": "ideas", "version": 3},
        "language": "fr",
        "reviewed_by": [],
        "title": "Idées",
        "states": {"priority": {"choose": "Laquelle ?", "options": {"2nd": "Deuxième"}}},
    }


def test_the_whole_catalogue_out_and_in_again_is_the_same_catalogue() -> None:
    known = Catalog.load()
    lines = wordlists.from_csv(wordlists.to_csv(translating.take_out(known.texts, "es")))
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
    with pytest.raises(wordlists.NoTable, match="file, key, text, translation"):
        wordlists.from_csv("a,b\n1,2\n")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('\n"\\'), min_size=1))
def test_whatever_a_translator_writes_comes_back_unchanged(text: str) -> None:
    lines = [translating.Line("ideas.toml", "states/priority/choose", "Which?", text)]
    made = translating.sidecars({"ideas.toml": FLOW}, lines, "fr")["ideas.fr.toml"]
    assert tomllib.loads(made)["states"]["priority"]["choose"] == text


# --------------------------------------------------------------------------- spreadsheets and PO

BOT = Path(translating.__file__).parent
FILES = {**Catalog.load().texts, **translating.staff_files(BOT)}
OTHERS = [language for language in LANGUAGES if language != "en"]


def parsed(files: dict[str, str]) -> dict[str, object]:
    """Return what TOML files say."""
    return {name: tomllib.loads(text) for name, text in files.items()}


def test_a_spreadsheet_of_all_languages_comes_back_without_loss() -> None:
    lines = {one: translating.take_out(FILES, one) for one in OTHERS}
    again = wordlists.from_xlsx(wordlists.to_xlsx(lines, "en"))
    assert list(again) == OTHERS
    for language in OTHERS:
        whole, faults = translating.merged(FILES, again[language], language)
        assert not faults
        made = parsed(translating.sidecars(FILES, whole, language))
        assert made == parsed({name: FILES[name] for name in made})


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_po_comes_back_without_loss(language: str) -> None:
    lines = translating.take_out(FILES, language)
    whole, faults = translating.merged(FILES, wordlists.from_po(wordlists.to_po(lines, language)), language)
    assert not faults
    assert whole == lines


IDEAS = {"ideas.toml": FLOW, "ideas.fr.toml": FRENCH}
PRIORITY = "states/priority/choose"


def row(key: str = PRIORITY, text: str = "Which?", translation: str = "Laquelle ?") -> translating.Row:
    """Return a row as it comes back from a translator."""
    return translating.Row("ideas.toml", key, text, translation, at="row 7")


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (row("states/priority/chose"), 'row 7: there is no text "states/priority/chose" in ideas.toml'),
        (row(translation="Laquelle, {topic} ?"), "row 7: {topic} is no gap of this text. It has none: take it out."),
    ],
)
def test_a_row_that_cannot_be_right_is_named_and_changes_nothing(back: translating.Row, said: str) -> None:
    lines, faults = translating.merged(IDEAS, [back], "fr")
    assert lines == translating.take_out(IDEAS, "fr")
    assert faults[0].startswith(said)


def test_a_gap_left_out_is_named() -> None:
    files = {"ideas.toml": FLOW.replace("Which?", "Which for {topic}?")}
    _, faults = translating.merged(files, [row(text="Which for {topic}?")], "fr")
    assert faults == ["row 7: the gap {topic} is missing. Write it where its words belong."]


def test_what_was_translated_from_older_words_is_kept_marked_and_told_by_check() -> None:
    files = {"ideas.toml": FLOW.replace("Which?", "Which one?")}
    lines, faults = translating.merged(files, [row()], "fr")
    assert not faults
    files |= translating.sidecars(files, lines, "fr")
    assert tomllib.loads(files["ideas.fr.toml"])["changed"] == {PRIORITY: "Which?"}
    told = [issue for issue in Catalog.of(files).issues if issue.code == "outdated-translation"]
    assert [(issue.file, issue.severity) for issue in told] == [("ideas.fr.toml", "warning")]
    assert translating.status(files, "fr").outdated == 1
    po = wordlists.to_po(translating.take_out(files, "fr"), "fr")
    assert b"#, fuzzy" in po
    again, _ = translating.merged(files, wordlists.from_po(po), "fr")
    assert [line.was for line in again if line.key == PRIORITY] == ["Which?"]
    mended, _ = translating.merged(files, wordlists.from_po(po.replace(b"#, fuzzy\n", b"")), "fr")
    assert [line.was for line in mended if line.key == PRIORITY] == [""]


def test_who_reviewed_and_the_first_comment_stay_when_words_come_in() -> None:
    read = '# Les idées.\nof = { flow = "ideas", version = 3 }\nlanguage = "fr"\nreviewed_by = ["Zoé, 2026"]\n'
    files = {"ideas.toml": FLOW, "ideas.fr.toml": read}
    lines, _ = translating.merged(files, [row()], "fr")
    made = translating.sidecars(files, lines, "fr")["ideas.fr.toml"]
    assert made.startswith("# Les idées.\n")
    assert translating.status({**files, "ideas.fr.toml": made}, "fr").reviewers == ("Zoé, 2026",)


def test_arabic_is_asked_for_each_form_it_counts_in() -> None:
    keys = {line.key for line in translating.take_out(FILES, "ar") if line.key.startswith("rounds/people/")}
    assert keys == {f"rounds/people/{form}" for form in ("one", "two", "few", "many", "other")}


@pytest.mark.parametrize("data", [b"", b"no workbook", b"PK\x03\x04"])
def test_what_is_no_workbook_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(wordlists.NoTable, match="cannot be read"):
        wordlists.from_xlsx(data)


def test_a_workbook_of_another_kind_is_refused() -> None:
    book, out = Workbook(), io.BytesIO()
    book.active.append(["a", "b", "c", "d"])
    book.save(out)
    with pytest.raises(wordlists.NoTable, match="first row must be"):
        wordlists.from_xlsx(out.getvalue())


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b'msgid "a"\nmsgstr "b"\n', b"msgid broken"])
def test_what_is_no_po_of_ours_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(wordlists.NoTable):
        wordlists.from_po(data)
