"""Whatever stands in a file, the reader tells of it in lines: it neither breaks nor hangs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.catalog import PACKAGED, Catalog
from flows.reading import MOST_CHARACTERS, MOST_DEEP, read

NAMES = (
    "stages/design/option_round.toml",
    "stages/deliver/deliver_pulse.es.toml",
    "frames/round.toml",
    "frames/phrases.ar.toml",
    "items/about.toml",
    "items/scales.fr.toml",
    "plain/plain.de.toml",
)
REAL = {name: (PACKAGED / name).read_text(encoding="utf-8") for name in NAMES}
SMALL = """flow = "small"
version = 1
stage = "design"
language = "en"
title = "Small"
start = "a"

[states.a]
choose = "Which one is it?"
options = [{ id = "yes", label = "This", value = 5, next = "b" }, { id = "no", label = "That", value = 1 }]
next = [{ when = { any = [{ a = "yes" }, { a = { less = 3 } }], "@area" = "x" }, to = "b" }, { to = "c" }]

[states.b]
pick = "Which days?"
options = [{ id = "mon", label = "Monday" }, { id = "none", label = "None", exclusive = true }]
least = 1

[states.c]
number = "How many?"
most = 9

[states.d]
item = "core.easy"

[states.e]
end = "Thank you."
"""
BESIDE = {name: (PACKAGED / name).read_text(encoding="utf-8") for name in ("items/core.toml", "items/scales.toml")}

ODD = st.sampled_from(
    [
        *('"', "'", '"""', "'''", "[", "]", "[[", "{", "}", "=", ",", ".", "#", "\n", "\r\n", "\\", "\\u0000", "\x00"),
        *("\u202e", "\u200f", "\ufeff", "\ud800", "😀", "ﷺ", "İ", "ß", "٣", "e\u0301" * 9, "{servic}", "{}", "{{"),
        *("-1", "0", "1e999", "nan", "inf", "-0.0", "9" * 5000, "0x" + "f" * 5000, "1_000", "2026-13-01", "true"),
        *(
            "[" * 3000,
            "{a=" * 3000,
            "a." * 3000 + "a=1\n",
            "[a" + " " * 5000,
            "[states.a]\n",
            "[states]\n",
            "when = {}\n",
        ),
        *(
            "next = []\n",
            "next = {}\n",
            "options = {}\n",
            "options = [[]]\n",
            "not = {}\n",
            'of = { flow = "small" }\n',
        ),
        *(
            '"" = 1\n',
            "states = 3\n",
            "version = 1.5\n",
            'language = "zz"\n',
            "jargon = {}\n",
            "phrases = 1\n",
            "a" * 9000,
        ),
    ]
)
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60), ODD | st.text(max_size=8)), min_size=1, max_size=5)


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    """Put other text in some places of `text`, each as far along as its share says."""
    for share, length, instead in edits:
        at = int(share * len(text))
        text = text[:at] + instead + text[at + length :]
    return text


def told(text: str) -> list[str]:
    """Return what is wrong with a flow of this text, whole, as its author reads it."""
    issues = Catalog.of({**BESIDE, "small.toml": text}).issues
    assert all(1 <= issue.line <= text.count("\n") + 1 for issue in issues if issue.file == "small.toml")
    return [str(issue) for issue in issues]


@settings(max_examples=150, deadline=None)
@given(EDITS)
def test_an_edited_flow_is_read_or_told(edits: list[tuple[float, int, str]]) -> None:
    assert all(told(edited(SMALL, edits)))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(NAMES), EDITS)
def test_any_of_our_files_edited_is_read_or_told(name: str, edits: list[tuple[float, int, str]]) -> None:
    document, issues = read(name, edited(REAL[name], edits))
    assert document or issues


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200) | st.lists(ODD, max_size=12).map("".join))
def test_junk_is_told(text: str) -> None:
    assert told(text)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "to", "when", "any"]), inner),
        max_leaves=12,
    ),
    st.sampled_from(["next", "options", "choose", "why", "most", "optional", "role"]),
)
def test_a_value_of_any_shape_is_read_or_told(value: object, key: str) -> None:
    assert all(told(SMALL.replace("[states.b]", f"{key} = {_toml(value)}\n[states.b]", 1)))


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else f"'{str(value).encode('ascii', 'ignore').decode()}'"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a = " + "[" * 5000, "too-large", 1),
        ("a = " + "[" * (MOST_DEEP + 2) + "]" * (MOST_DEEP + 2), "too-large", 1),
        ("a." * (MOST_DEEP + 2) + "a = 1", "too-large", 1),
        ("#" * (MOST_CHARACTERS + 1), "too-large", 1),
        ("a = 1\nb = " + "9" * 5000, "syntax", 2),
        ("a = 1\nversion = 0x" + "f" * 5000, "bad-value", 2),
        ("a = 1\nb = '\udce9'", "not-text", 2),
        ("[a" + " " * 100_000, "syntax", 1),
    ],
)
def test_what_no_flow_holds_is_refused_with_its_line(text: str, code: str, line: int) -> None:
    _, issues = read("odd.toml", text)
    assert (code, line) in {(issue.code, issue.line) for issue in issues}
    assert all(len(str(issue)) < 400 for issue in issues)


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("own")
    (folder / "odd.toml").write_bytes(b'flow = "odd"\ntitle = "caf\xe9"\n')
    issues = [issue for issue in Catalog.load(folder).issues if issue.file == "odd.toml"]
    assert [(issue.line, issue.code) for issue in issues] == [(2, "not-text")]
