"""A filled example of a round for each flow that comes with civicloop, to be written over. Pure but for its files.

`examples/<flow>.toml` beside this file holds the title and the record in every language, in the order to ask. Its days
are counted from the first day of the round, so that an example never grows old.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.rounds import legal, record, wording
from bot.rounds.tongues import in_language

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from flows.model import Flow

FOLDER = Path(__file__).parent / "examples"
CLOSES = "closes"
"""Among the days of an example: the last one to answer."""
WEEKEND = (5, 6)
"""Saturday and Sunday, counted from Monday as 0."""

BESIDE = frozenset({"title", "days", "lists"})
"""What stands in an example beside the fields of the record."""
ANYWHERE = frozenset({"decider", "task", "hazard", "area"})
"""What may well be the same in a city's own words, as may the labels of lists."""
CHOSEN = ("influence", *(name for name in legal.CHOICES if name != legal.FOR_WHOM))
"""Fields in which the example has chosen for the city."""
OURS = "own_words"
"""The field that names those whose words are true for the city, although the example says the same."""


@dataclass(frozen=True, slots=True)
class Example:
    """What a round may say; `record` lies in the shape that is kept."""

    title: Mapping[str, str]
    record: Mapping[str, Any]
    closes_on: date | None
    """The last day to answer; None where the round stays open."""


def known() -> tuple[str, ...]:
    """Return the flows that have an example."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.toml")))


def example(flow: Flow, reader: str, first: date, last: date | None = None) -> Example:
    """Return the example for `flow` in its languages, opening on `first`; notes for staff are in the one of `reader`.

    With another `last` day to answer, the days after it move along. Raises `Forbidden` for a flow that has no example.
    """
    if flow.id not in known():
        raise wording.Forbidden("no_example", flow=flow.id, known=", ".join(known()))
    said = _read(flow.id)
    spans = said.get("days", {})
    planned = first + timedelta(spans[CLOSES]) if CLOSES in spans else None
    later = last - planned if last and planned else timedelta()
    filled = said | {name: _day(name, first + timedelta(span), later) for name, span in spans.items()}
    texts = {name: _text(name, filled[name], flow, reader) for name in _asked(flow) if name in filled}
    lists = {name: [_option(row, flow) for row in rows] for name, rows in said.get("lists", {}).items()}
    kept = {name: rows for name, rows in lists.items() if name in flow.lists}
    return Example(_spoken(said["title"], flow), texts | ({"lists": kept} if kept else {}), last or planned)


def _day(name: str, day: date, later: timedelta) -> str:
    """Return a day on which an office works; `later` moves what comes after the last answer."""
    day += later if name in record.DAYS else timedelta()
    return (day + timedelta(7 - day.weekday() if day.weekday() in WEEKEND else 0)).isoformat()


def untouched(
    flow: str,
    said: Mapping[str, Any],
    acts: Iterable[Mapping[str, Any]],
    firsts: Iterable[date] = (),
    last: date | None = None,
) -> list[str]:
    """Return the fields of a record made of the example of its flow that still hold what it says, in any language.

    `acts` are the facts of the record that each act on the round has written: it was made of the example where one act
    wrote words of it into several fields. Somebody may well find the same words alone. In a round made of it what was
    chosen counts, too, the title in each language, and days that are the example's with one of `firsts` as the first
    day, and with its own `last` day to answer or that of the round. Organisers keep what is true for them by naming it
    under `OURS`.
    """
    made_up = _read(flow) if flow in known() else {}
    if not any(len(_alike(made_up, one)) > 1 for one in acts):
        return []
    title = ["title"] if _words(made_up.get("title", {})) & _words(said.get("title", {})) else []
    found = [*_alike(made_up, said), *title, *_chosen(made_up, said), *_unmoved(made_up, said, firsts, last)]
    return [name for name in found if name not in _true(said)]


def _chosen(made_up: Mapping[str, Any], said: Mapping[str, Any]) -> list[str]:
    return [name for name in CHOSEN if name in made_up and said.get(name) == made_up[name]]


def _unmoved(
    made_up: Mapping[str, Any], said: Mapping[str, Any], firsts: Iterable[date], last: date | None
) -> list[str]:
    """Return the days that stand where the example puts them."""
    spans = dict(made_up.get("days", {}))
    length = timedelta(spans.pop(CLOSES)) if CLOSES in spans else None
    moved = [(first, later) for first in firsts for later in {timedelta(), _later(first, length, last)}]
    usual = {
        name: {_day(name, first + timedelta(span), later) for first, later in moved} for name, span in spans.items()
    }
    return [name for name, days in usual.items() if str(said.get(name)) in days]


def _later(first: date, length: timedelta | None, last: date | None) -> timedelta:
    return last - first - length if last is not None and length is not None else timedelta()


def alike(flow: str, said: Mapping[str, Any]) -> list[str]:
    """Return the fields that say what the example says and few would say by themselves, without those kept as true."""
    made_up = _read(flow) if flow in known() else {}
    passed = {*ANYWHERE, *made_up.get("lists", {}), *_true(said)}
    return [name for name in _alike(made_up, said) if name not in passed]


def _true(said: Mapping[str, Any]) -> list[str]:
    """Return the fields whose words are true for the city, whoever has said the same."""
    return [name.strip() for name in str(said.get(OURS, "")).split(",") if name.strip()]


def _alike(made_up: Mapping[str, Any], said: Mapping[str, Any]) -> list[str]:
    """Return the fields of a record, lists too, that hold words of an example."""
    texts = {name: text for name, text in made_up.items() if name not in BESIDE and isinstance(text, dict)}
    own, lists = said.get("lists") or {}, made_up.get("lists", {})
    return [
        *(name for name, text in texts.items() if set(text.values()) & _words(said.get(name, ""))),
        *(name for name, rows in lists.items() if _labels(rows) & _labels_of(own.get(name, ()))),
    ]


def _words(said: str | Mapping[str, str]) -> set[str]:
    return {said} if isinstance(said, str) else set(said.values())


def _labels(rows: Iterable[Mapping[str, str]]) -> set[str]:
    return {label for row in rows for name, label in row.items() if name != "id"}


def _labels_of(rows: Iterable[Sequence[Any]]) -> set[str]:
    return {label for _, said in rows for label in _words(said)}


def kept(said: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the record in which these fields are said to be true as they stand."""
    return {**said, OURS: ", ".join(dict.fromkeys([*_true(said), *names]))}


@cache
def _read(flow: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{flow}.toml").read_text(encoding="utf-8"))


def _asked(flow: Flow) -> list[str]:
    """Return the fields of the record that this flow asks for, in the order to ask."""
    return [*record.wanted(flow), *(field.name for field in legal.asked(flow))]


def _text(name: str, said: str | Mapping[str, str], flow: Flow, reader: str) -> str | dict[str, str]:
    """Return a text for each language of the flow; what only staff read is kept in theirs."""
    if isinstance(said, str):
        return said
    field = legal.BY_NAME.get(name)
    return in_language(said, reader) if field and field.kind == "note" else _spoken(said, flow)


def _spoken(said: Mapping[str, str], flow: Flow) -> dict[str, str]:
    """Return a text in the languages of a flow; where no example is, in the language all others stand beside."""
    return {one: said.get(one) or said[wording.FALLBACK] for one in flow.languages}


def _option(row: Mapping[str, str], flow: Flow) -> list[Any]:
    return [row["id"], _spoken(row, flow)]


# --------------------------------------------------------------------------- as a file to write on


def written(shown: Example, head: Sequence[str], reader: str) -> str:
    """Return the example as a record file; `head` stands above it, and each field's meaning for `reader` above it."""
    blocks = [_comments(head), *_blocks(shown, reader)]
    return "\n\n".join(blocks) + "\n"


def _blocks(shown: Example, reader: str) -> Iterator[str]:
    yield _block("title", wording.about_example(reader, "title"), shown.title, reader)
    for name, said in shown.record.items():
        if name != "lists":
            yield _block(name, wording.meaning(reader, name), said, reader)
    for name, rows in shown.record.get("lists", {}).items():
        lines = [f"  {_toml({'id': id_} | _first(labels, reader))}," for id_, labels in rows]
        yield "\n".join([_comments([wording.about_example(reader, "list")]), f"lists.{name} = [", *lines, "]"])


def _block(name: str, meaning: str, said: str | Mapping[str, str], reader: str) -> str:
    """Return one field: what it means, what may be chosen, and what it says."""
    if isinstance(said, str):
        value = said if name in record.DATES else _toml(said)
        return "\n".join([_comments([meaning, *_choices(name, reader)]), f"{name} = {value}"])
    lines = [f"{name}.{one} = {_toml(text)}" for one, text in _first(said, reader).items()]
    return "\n".join([_comments([meaning]), *lines])


def _first(said: Mapping[str, str], reader: str) -> dict[str, str]:
    """Return a text with the language of `reader` before the others."""
    return {one: said[one] for one in sorted(said, key=lambda one: one != reader)}


def _choices(name: str, reader: str) -> list[str]:
    """Return what a field offers to choose from, a line each."""
    if name == "influence":
        return [f"  {id_}: {text}" for id_, text in wording.influences(reader)]
    return [f"  {id_}: {text}" for id_, text in wording.options(reader, name)] if name in legal.CHOICES else []


def _comments(lines: Sequence[str]) -> str:
    return "\n".join(f"# {line}" for line in lines)


def _toml(value: object) -> str:
    from bot.importing.writing import toml  # noqa: PLC0415 - loads what reads workbooks: only for who writes a file

    return toml(value)
