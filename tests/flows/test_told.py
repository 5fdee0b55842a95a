"""What an author reads of each fault, word for word, kept in told.txt with its file, its line and its code.

To write down what is told now: `pytest --rewrite-transcripts tests/flows/test_told.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flows.catalog import Catalog
from flows.source import FlowTrouble, compile_files
from tests.flows.test_handing_over import FILES as VISIT
from tests.flows.test_handing_over import INNER, OUTER
from tests.flows.test_issues import FAULTS, FRAME, FRAMED, HEAD, OTHERS, PLAIN, SPANISH, TEN, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GOLDEN = Path(__file__).with_name("told.txt")
GOOD = HEAD + PLAIN
EASY = 'item = "core.easy"'
WHENS = (
    "{ like = {} }",
    "{ like = { one_of = [] } }",
    "{ any = [] }",
    "{ not = {} }",
    '{ any = [{ like = "yes" }, { not = { like = "nay" } }] }',
    '{ reason = { contains = "x" }, like = { less = 2 } }',
    "{ like = { answered = 3 } }",
)
COLUMNS = (
    '[columns]\nlike = [{ value = "a" }]\n',
    '[columns]\nkind = [{ when = { lik = "yes" }, value = "a" }, { value = "b" }]\n',
    '[columns]\nkind = [{ value = "a" }, { when = { like = "yes" }, value = "b" }]\n',
)


def _changed(was: str, now: str, text: str = GOOD) -> str:
    assert was in text
    return text.replace(was, now, 1)


def _cases() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield a name and the files of each case."""
    for was, now, *_ in FAULTS:
        yield _short(f"{was} | {now}"), {"small.toml": _changed(was, now)}
    yield "ten faults", {"small.toml": TEN}
    yield "ways", {"small.toml": WAYS}
    yield from _comparing()
    yield from _of_questions()
    yield from _of_frames()
    yield from _translated()
    yield from _handed_over()


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


def _comparing() -> Iterator[tuple[str, Mapping[str, str]]]:
    for when in WHENS:
        ways = f'next = [{{ to = "bye", when = {when} }}, {{ to = "bye" }}]'
        yield _short(when), {"small.toml": _changed('ask = "Why?"', f'ask = "Why?"\n{ways}')}
    for own in COLUMNS:
        yield _short(own), {"small.toml": GOOD + own}
    dead = 'next = [{ to = "bye" }, { to = "bye", when = { like = "no" } }, { to = "bye", when = { like = "yes" } }]'
    yield "two dead ways", {"small.toml": _changed('ask = "Why?"', f'ask = "Why?"\n{dead}')}


def _of_questions() -> Iterator[tuple[str, Mapping[str, str]]]:
    longer = 'options = [{ id = "a", label = "A" }, { id = "b", label = "B" }, { id = "a", label = "C" }]'
    for own in (
        f'pick = "Which?"\nleast = 4\n{longer}',
        f'bestworst = "Which?"\n{longer}',
        'number = "How many?"\nleast = "today"',
        'number = "How many?"\nmost = "today"',
        'date = "When?"\nleast = "2026-05-01"\nmost = "2026-04-01"',
        'date = "When?"\nleast = "2026-05-01"\nmost = "today"',
        'rate = "How?"\nscale = "two"\ndont_know = true',
        'rank = "Which?"\noptions_from = "ideas"\nleast = 9',
        EASY + '\noptions = [{ id = "5", label = "Fine", next = "nowhere" }]',
        EASY + "\nleast = 2\nmost = 1",
    ):
        yield _short(own), {"small.toml": _changed('ask = "Why?"', own)}
    yield "a torn state", {"small.toml": _changed('ask = "Why?"', 'ask = "Why?"\nnext = { to = "bye" }')}
    yield (
        "a start and no stage",
        {"small.toml": _changed('start = "like"', 'start = "x"').replace('stage = "design"', "")},
    )
    yield "a promise", {"small.toml": _changed('title = "Small"', 'title = "Small"\npromise_minutes = 0.01')}


def _of_frames() -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "a name of the frame", {"small.toml": _changed("states.bye", "states.thanks", FRAMED)}
    yield "the name of the first question", {"small.toml": _changed("states.bye", "states.questions", FRAMED)}
    yield (
        "no thanks",
        {
            "frames/round.toml": _changed("states.thanks", "states.bye_bye", FRAME),
            "small.toml": _changed('[states.bye]\nend = "Thank you."\n', "", FRAMED),
        },
    )
    yield (
        "a frame that starts nowhere",
        {
            "frames/round.toml": _changed('start = "opening"', 'start = "openning"', FRAME),
            "small.toml": FRAMED,
        },
    )
    yield (
        "a frame with a state of no verb",
        {
            "frames/round.toml": _changed('say = "Hello."', 'syy = "Hello."', FRAME),
            "small.toml": FRAMED,
        },
    )


def _translated() -> Iterator[tuple[str, Mapping[str, str]]]:
    spanish = {"small.es.toml": SPANISH}
    for was, now in (
        ('ask = "¿Por qué?"', ""),
        (', no = "No"', ""),
        ('title = "Pequeño"\n', ""),
        ("version = 1", "version = 2"),
        ('flow = "small", ', 'flow = "smal", '),
        ("[states.bye]", "[states.by]"),
        ('no = "No"', 'no = "No", nay = "Nones"'),
        ('askk = "¿Por qué?"', 'ask = "¿Por qué?"'),
        ('ask = "¿Por qué?"', 'ask = "¿Por qué, {truco}?"'),
        ('no = "No"', 'no = "Sí"'),
        ('no = "No"', 'no = "Ayuda"'),
        ('choose = "¿Le', 'choose = "Son 0,01 minutos. ¿Le'),
    ):
        yield _short(f"es: {was} | {now}"), {"small.toml": GOOD, "small.es.toml": SPANISH.replace(was, now, 1)}
    french = SPANISH.replace('"es"', '"fr"')
    yield "a language without phrases", {"small.toml": GOOD, "small.fr.toml": french}
    of_bank = 'of = { bank = "core" }\nlanguage = "es"\n[items."core.easy"]\nrate = "¿Fue fácil?"\n'
    yield "an item that is not translated", {"items/core.es.toml": of_bank, "small.toml": GOOD}
    for own in ('why = "To know."', 'options = [{ id = "a", label = "A" }, { id = "b", label = "B" }]'):
        text = _changed('ask = "Why?"', f"{EASY}\n{own}")
        yield _short(f"changed: {own}"), {"small.toml": text, "items/core.es.toml": of_bank, **spanish}
    yield (
        "no translation of what is asked",
        {"small.toml": _changed('ask = "Why?"', 'ask = "Why?"\nwhy = "So."'), **spanish},
    )


def _handed_over() -> Iterator[tuple[str, Mapping[str, str]]]:
    for was, now in (
        ('flow = "about_you"', 'flow = "about_yu"'),
        ('flow = "about_you"', 'flow = { id = "about_you", version = 7 }'),
        ('flow = "about_you"', 'flow = "visit"'),
        ('"about.lives" = "no"', '"about.live" = "no"'),
        ('"about.lives" = "no"', '"about.lives" = "nope"'),
        ('to = "far" }', 'to = "about.age" }'),
        ("[states.far]", f"[states.{'f' * 40}]"),
    ):
        yield _short(f"outer: {was} | {now}"), {**VISIT, "visit.toml": _changed(was, now, OUTER)}
    for was, now in (
        ('to = "age"', 'to = "agee"'),
        ("number = ", "numbr = "),
        ("[states.back]", '[states.round]\nflow = "visit"\n\n[states.back]'),
        ('start = "lives"', 'start = "live"'),
        ('to = "age" }', 'to = "bakc" }'),
        ('flow = "about_you"', 'flow = "about_you"\nstage = "design"'),
        ("[states.age]", f"[states.{'a' * 44}]"),
    ):
        yield _short(f"inner: {was} | {now}"), {**VISIT, "parts/about_you.toml": _changed(was, now, INNER)}
    yield "alone", {"about_you.toml": INNER}
    yield "no Spanish", {name: text for name, text in VISIT.items() if name != "parts/about_you.es.toml"}


def _told() -> str:
    parts = []
    for name, files in _cases():
        issues = Catalog.of({**OTHERS, **files}).issues
        lines = [f"{one.file}:{one.line}: {one.severity} {one.code}: {one.message}" for one in issues]
        parts.append("\n".join((f"# {name}", *(lines or ["nothing"]))))
    return "\n\n".join(parts) + "\n"


def test_each_fault_is_told_in_these_words(request: pytest.FixtureRequest) -> None:
    now = _told()
    if request.config.getoption("--rewrite-transcripts"):
        GOLDEN.write_text(now, encoding="utf-8")
    assert now == GOLDEN.read_text(encoding="utf-8"), "to write down what is told now: pytest --rewrite-transcripts"


@pytest.mark.parametrize("versions", [(), (1, 2)])
def test_a_flow_that_cannot_be_compiled_tells_all_that_is_wrong(versions: tuple[int, ...]) -> None:
    files = {f"{one}.toml": _changed("version = 1", f"version = {one}") for one in versions}
    with pytest.raises(FlowTrouble) as raised:
        compile_files({**OTHERS, **files})
    (issue,) = [one for one in raised.value.issues if one.code == "unknown-file"]
    assert (issue.file, issue.line) == ("", 1)
    assert issue.message == f"one flow was expected, {len(versions)} were found."
    assert str(raised.value) == "; ".join(map(str, raised.value.issues))
