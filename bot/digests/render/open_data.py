"""What a closed round says as open data: one sheet of figures, and one that says what they mean."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

from bot.digests.render.sheet import safe
from bot.texts import texts as texts_of
from flows.model import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.digests.findings import Answer, Finding, Findings
    from bot.digests.results import Standing
    from bot.texts import Texts
    from flows.model import Flow

SHARED = ("round", "question", "wording", "verb", "answered", "base")
CHOSEN = ("people", "percent", "low", "high")
ORDERED = ("score", "first", "median", "nothing", "shown")
WEIGHTED = {"weighted": "percent", "weighted_low": "low", "weighted_high": "high"}
COLUMNS = (*SHARED, "option", "label", *CHOSEN, *WEIGHTED, *ORDERED, "middle", "recommend")
HEAD = ("what", "name", "of", "language", "meaning")


def figures(code: str, findings: Findings, texts: Texts) -> str:
    """Return the figures as CSV, a line for each option; a question without options is one line.

    What is not told is an empty cell. Wording and labels are in the language of `texts`, the rest is in none.
    """
    out = StringIO()
    writer = csv.DictWriter(out, COLUMNS, restval="")
    writer.writeheader()
    for one in findings.findings:
        asked = dict(zip(SHARED, _asked(code, one, texts), strict=True))
        writer.writerows({**asked, **line} for line in _lines(one, texts))
    return out.getvalue()


def _asked(code: str, one: Finding, texts: Texts) -> tuple[Any, ...]:
    return code, one.state, safe(texts.pick(one.question)), one.verb, one.people, one.base


def _lines(one: Finding, texts: Texts) -> Iterator[dict[str, Any]]:
    standings = one.ballot.standings if one.ballot else ()
    yield from (_chosen(each, texts) for each in one.answers)
    yield from (_ordered(each, texts) for each in standings)
    if not one.answers and not standings:
        recommend, low, high = one.recommend or (None, None, None)
        yield {"middle": one.middle, "recommend": recommend, "low": low, "high": high}


def _chosen(each: Answer, texts: Texts) -> dict[str, Any]:
    told = {name: getattr(each, name) for name in CHOSEN}
    told |= {name: getattr(each.weighted, of, None) for name, of in WEIGHTED.items()}
    return {"option": each.option, "label": safe(texts.pick(each.label)), **told}


def _ordered(each: Standing, texts: Texts) -> dict[str, Any]:
    told = {name: getattr(each, name) for name in (*ORDERED, "low", "high")}
    return {"option": each.option, "label": safe(texts.pick(each.label)), **told}


def codebook(code: str, findings: Findings, facts: Mapping[str, Mapping[str, str]]) -> str:
    """Return as CSV what every column, question and option of the figures means, in each language.

    `facts` is what is to be known of the round as a whole, by language: its title, its time, the licence.
    """
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for language, known in facts.items():
        said = texts_of(language)
        writer.writerows(("round", name, code, language, safe(text)) for name, text in known.items())
        writer.writerows(("column", name, "", language, said(f"codebook.{name}")) for name in COLUMNS)
        writer.writerow(("rule", "disclosure", "", language, said("codebook.rule", minimum=findings.minimum)))
        writer.writerows(_asked_about(findings.findings, language))
    return out.getvalue()


def explained(flow: Flow, purpose: str, columns: Sequence[str], minimum: int) -> str:
    """Return as CSV what every column of an export means, and every question and option, in each language of a flow.

    `purpose` is `team` or `publication`; `minimum` the least number of people behind what is told.
    """
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for language in flow.languages:
        said = texts_of(language)
        writer.writerows(("column", name, "", language, said(f"export.{name}")) for name in columns)
        writer.writerow(("rule", "disclosure", "", language, said(f"export.rule_{purpose}", minimum=minimum)))
        writer.writerows(_every_question(flow, language))
    return out.getvalue()


def _every_question(flow: Flow, language: str) -> Iterator[tuple[str, ...]]:
    for state in flow.script(language).states.values():
        if isinstance(state, Question):
            yield "question", state.id, "", language, safe(state.text.strip())
            options = getattr(state, "options", ())
            yield from (("option", option.id, state.id, language, safe(option.label)) for option in options)


def _asked_about(findings: Sequence[Finding], language: str) -> Iterator[tuple[str, ...]]:
    for one in findings:
        yield "question", one.state, "", language, safe(one.question.get(language, ""))
        yield from (("option", option, one.state, language, safe(label)) for option, label in _labels(one, language))


def _labels(one: Finding, language: str) -> Iterable[tuple[str, str]]:
    offered: list[Answer | Standing] = [*one.answers, *(one.ballot.standings if one.ballot else ())]
    return [(each.option, each.label.get(language, "")) for each in offered]
