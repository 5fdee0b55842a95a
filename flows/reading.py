"""A TOML text read into its form, with every fault of the file at once and the line of each."""

from __future__ import annotations

import copy
import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from flows import form
from flows.issues import Issue, suggestion
from flows.model import Stage
from flows.positions import line_of, positions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails

    from flows.positions import Path


F = TypeVar("F", bound=form.Form)


@dataclass(frozen=True, slots=True)
class Document:
    """One file, as far as it could be read."""

    file: str
    form: form.Form
    lines: Mapping[Path, int]
    broken: Mapping[str, frozenset[str]]
    """States and items that could not be read, with the names of states they mention."""
    order: tuple[str, ...] = ()
    """States or items in the order of the file, broken ones included."""
    faults: frozenset[int] = frozenset()
    """Lines with a fault of form."""
    faulty: frozenset[Path] = frozenset()
    """Where a fault of form stands, and all that is around it."""
    torn: bool = False
    """Whether parts are missing that could not be read: lines that are no TOML."""
    twice: frozenset[str] = frozenset()
    """States whose heading stands twice; only the first was read."""

    def at(self, *path: str | int) -> tuple[str, int]:
        """Return (file, line) of what stands at `path`, or of the nearest thing around it."""
        return self.file, line_of(self.lines, path)

    def is_written(self, key: str) -> bool:
        """Return whether a value at the top is the author's, none that stands in for one that is missing or wrong."""
        return (key,) in self.lines and not self.is_faulty(key)

    def is_faulty(self, *path: str | int) -> bool:
        """Return whether a fault of form stands at `path` or within, so that what is left there tells too little."""
        return path in self.faulty


def read(file: str, text: str) -> tuple[Document | None, list[Issue]]:
    """Return what `text` holds and all that is wrong with its form; None where nothing could be made of it."""
    raw, lines, issues = _parse(file, text)
    if raw is None:
        return None, issues
    kind = _kind(raw)
    if kind is None:
        message = 'begin with flow = "…", frame = "…", bank = "…", or of = { … } for a translation.'
        return None, issues or [Issue(file, 1, message, "unknown-file")]
    reader = _Reader(file, raw, lines)
    made = reader.whole(kind)
    long = {issue.line for issue in issues if issue.code == "bad-value"}
    found = [*issues, *(one for one in reader.issues if one.code != "bad-value" or one.line not in long)]
    faults = frozenset(issue.line for issue in found)
    return Document(
        file,
        made,
        lines,
        reader.broken,
        tuple(reader.order),
        faults,
        frozenset(where[:n] for where, line in lines.items() if line in faults for n in range(len(where) + 1)),
        torn=any(issue.code == "syntax" for issue in issues),
        twice=frozenset(_headed(text, issue.line) for issue in issues if issue.code == "duplicate-state"),
    ), _first(found, text)


def _first(found: list[Issue], text: str) -> list[Issue]:
    """Leave out what is missing only because a line of the same part is no TOML."""
    rows = text.replace("\r\n", "\n").split("\n")
    headings = [line for line, row in enumerate(rows, 1) if len(row) <= _LONGEST_HEADING and _HEADING.match(row)]
    torn = {bisect_right(headings, issue.line) for issue in found if issue.code == "syntax"}
    return [
        one
        for one in found
        if not (torn and one.code == "empty")
        and not (one.code in {"missing-key", "verb"} and bisect_right(headings, one.line) in torn)
    ]


def _headed(text: str, line: int) -> str:
    """Return the state that the heading in this line names."""
    heading = text.replace("\r\n", "\n").split("\n")[line - 1]
    return heading.strip(" []").partition("#")[0].removeprefix("states.").strip(' ]"')


# --------------------------------------------------------------------------- TOML

MOST_CHARACTERS = 500_000
"""Longest file that is read: a flow of a thousand states has about 200,000 characters."""

MOST_DEEP = 40
"""Deepest nesting of lists and tables."""

MOST_DIGITS, MOST_BITS = 4000, 64
"""Longest number, in digits as written and as a number."""

_LONGEST_HEADING = 300
_NO_TEXT = re.compile("[\ud800-\udfff]")
_DIGITS = re.compile(r"[\d_]+")
_MOST_RETRIES = 10
_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)")
_HEADING = re.compile(r"^\s*\[\s*(?!\[)(?P<name>[^\]]+?)\s*\]\s*(?:#.*)?$")


def _parse(file: str, text: str) -> tuple[dict[str, Any] | None, dict[Path, int], list[Issue]]:
    if refused := _refused(file, text):
        return None, {}, [refused]
    rows, issues = _without_repeats(file, text.replace("\r\n", "\n").lstrip("\ufeff").split("\n"))
    found: list[Issue] = []
    for _ in range(_MOST_RETRIES):
        try:
            raw = tomllib.loads("\n".join(rows))
        except RecursionError:
            return None, {}, [*issues, _too_deep(file)]
        except ValueError as trouble:  # of TOML, or of Python for a number of thousands of digits
            found.append(_syntax(file, str(trouble), _longest_number(rows)))
            _blank(rows, found[-1].line - 1)
        else:
            return _settled_values(file, raw, "\n".join(rows), [*issues, *found])
    return None, {}, [*issues, *found[:1]]


def _refused(file: str, text: str) -> Issue | None:
    """Tell why a text is not even tried: some bytes of it are no UTF-8, or it is longer than any flow."""
    if not text.isascii() and (broken := _NO_TEXT.search(text)):
        line = text.count("\n", 0, broken.start()) + 1
        return Issue(file, line, "this is not UTF-8 text. Save the file as UTF-8.", "not-text")
    if len(text) > MOST_CHARACTERS:
        message = f"the file has {len(text)} characters, at most {MOST_CHARACTERS}. Make several flows of it."
        return Issue(file, 1, message, "too-large")
    return None


def _too_deep(file: str) -> Issue:
    return Issue(
        file, 1, f"lists and tables stand more than {MOST_DEEP} deep in each other. Write it flat.", "too-large"
    )


def _longest_number(rows: list[str]) -> int:
    """Return the line with the longest number: the last where none is long."""
    lengths = [max(map(len, _DIGITS.findall(row)), default=0) for row in rows]
    return lengths.index(max(lengths)) + 1 if max(lengths) > MOST_DIGITS else len(rows)


def _settled_values(
    file: str, raw: dict[str, Any], text: str, issues: list[Issue]
) -> tuple[dict[str, Any] | None, dict[Path, int], list[Issue]]:
    """Return what was read, without numbers too long to be shown; nothing where it is too deep."""
    waiting: list[tuple[Path, Any]] = [((), raw)]
    long: list[Path] = []
    while waiting:
        path, value = waiting.pop()
        if len(path) > MOST_DEEP:
            return None, {}, [*issues, _too_deep(file)]
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in pairs:
            waiting.append(((*path, key), inner))
            if isinstance(inner, int) and inner.bit_length() > MOST_BITS:
                value[key] = 0
                long.append((*path, key))
    lines = positions(text)
    message = "this number is longer than any that can be meant. Write a shorter one."
    return raw, lines, [*issues, *(Issue(file, line_of(lines, path), message, "bad-value") for path in long)]


def _blank(rows: list[str], at: int) -> None:
    """Take a faulty line out; with a heading goes what stands below it, which would fall to the one before."""
    is_heading = rows[at].lstrip().startswith("[")
    rows[at] = ""
    while is_heading and at + 1 < len(rows) and not _HEADING.match(rows[at + 1]):
        at += 1
        rows[at] = ""


def _without_repeats(file: str, rows: list[str]) -> tuple[list[str], list[Issue]]:
    """Blank out headings that came before, with what follows them, so that the rest can still be read."""
    seen: dict[str, int] = {}
    kept, issues, repeated = [], [], False
    for line, row in enumerate(rows, 1):
        heading = _HEADING.match(row) if len(row) <= _LONGEST_HEADING else None
        if heading:
            name = heading["name"].replace(" ", "")
            repeated = name in seen
            if repeated:
                message = f"[{name}] stands already in line {seen[name]}. Give one of them another name."
                issues.append(Issue(file, line, message, "duplicate-state"))
            seen.setdefault(name, line)
        kept.append("" if repeated else row)
    return kept, issues


def _syntax(file: str, trouble: str, last: int) -> Issue:
    place = _AT_LINE.search(trouble)
    line = int(place[1]) if place and place[1] else last
    what = _AT_LINE.sub("", trouble)
    return Issue(file, line, f"this is not valid TOML: {what}. Look at quotes, commas and brackets.", "syntax")


# --------------------------------------------------------------------------- kinds of files

_KINDS: dict[str, type[form.Form]] = {
    "phrases": form.PhrasesForm,
    "of": form.TranslationForm,
    "flow": form.FlowForm,
    "frame": form.FrameForm,
    "bank": form.ItemsForm,
    "scales": form.ScalesForm,
    "values": form.ExamplesForm,
    "jargon": form.PlainForm,
}
_KINDS_OF_PARTS = {"states": form.STATE_FORMS, "items": form.BANK_FORMS}

_NAMES: dict[str, TypeAdapter[str]] = {
    "states": TypeAdapter(form.StateName),
    "items": TypeAdapter(form.ItemName),
}


def _kind(raw: Mapping[str, Any]) -> type[form.Form] | None:
    kind = next((kind for key, kind in _KINDS.items() if key in raw), None)
    return form.FlowForm if kind is None and "states" in raw else kind


class _Reader:
    """Reads one file part by part, so that a fault in one state hides none in another."""

    def __init__(self, file: str, raw: dict[str, Any], lines: Mapping[Path, int]) -> None:
        self.file = file
        self.raw = raw
        self.lines = lines
        self.issues: list[Issue] = []
        self.broken: dict[str, frozenset[str]] = {}
        self.order: list[str] = []

    def whole(self, kind: type[form.Form]) -> form.Form:
        section = next(
            (one for one in _KINDS_OF_PARTS if one in kind.model_fields and kind is not form.TranslationForm), None
        )
        parts = self.parts(section) if section else {}
        top = {key: value for key, value in self.raw.items() if key != section}
        return self.top(kind, top, section, parts)

    def parts(self, section: str) -> dict[str, form.Form]:
        found = {}
        tables = self.raw.get(section, {})
        for name, table in tables.items() if isinstance(tables, dict) else ():
            self.order.append(name)
            made = self.part(section, name, table)
            if made is None:
                self.broken[name] = frozenset(_mentioned(table))
            else:
                found[name] = made
        return found

    def check_name(self, section: str, name: str) -> None:
        try:
            _NAMES[section].validate_python(name)
        except ValidationError:
            message = f'"{name}" is no name. Use a small letter first, then small letters, digits and _; not too long.'
            self.issues.append(Issue(self.file, line_of(self.lines, (section, name)), message, "bad-value"))

    def part(self, section: str, name: str, table: object) -> form.Form | None:
        self.check_name(section, name)
        if not self.has_one_verb(section, name, table):
            return None
        tag = form.verb_of(table) or ""
        kind = _KINDS_OF_PARTS[section][tag]
        made, errors = _settled(kind, table)
        for error in errors:
            self.report(error, (section, name), table, known=_known_keys(kind, error))
        return made

    def has_one_verb(self, section: str, name: str, table: object) -> bool:
        verbs = form.verbs_of(table)
        if not isinstance(table, dict) or len(verbs) == 1:
            return isinstance(table, dict)
        at = line_of(self.lines, (section, name))
        if verbs:
            message = f'"{name}" has {" and ".join(verbs)}; a state does one thing. Make two states of it.'
        else:
            near = "".join(filter(None, (suggestion(key, _OFFERED) for key in table if key not in _COMMON)))
            message = f'"{name}" says not what happens there. Write one of {", ".join(_OFFERED)}.{near}'
        self.issues.append(Issue(self.file, at, message, "verb"))
        return False

    def top(
        self, kind: type[form.Form], table: dict[str, Any], section: str | None, parts: dict[str, form.Form]
    ) -> form.Form:
        """Read the keys above the tables; what is missing or wrong is replaced, so that the rest can be checked."""
        wanted = {**table, **({section: _stand_in(section)} if section else {})}
        made, errors = _settled(kind, wanted)
        for error in errors:
            self.report(error, (), wanted, known=_known_keys(kind, error))
        if section and not parts and not self.broken:
            message = f"there is nothing under [{section}.…]. Write at least one."
            self.issues.append(Issue(self.file, 1, message, "empty"))
        values = dict(made) if made else {**_plain_values(kind, self.file, parts), **_valid(kind, wanted)}
        made_up: form.Form = kind.model_construct(**{**values, **({section: parts} if section else {})})
        return made_up

    def report(self, error: ErrorDetails, base: Path, table: object, known: list[str]) -> None:
        path = _path(error, table)
        line = line_of(self.lines, (*base, *path))
        key = str(path[-1]) if path else str(base[-1]) if base else ""
        self.issues.append(Issue(self.file, line, _message(error, key, known), _code(error)))


_OFFERED = [verb for verb in (*form.VERBS, "item", "flow") if verb != "review"]
_COMMON = frozenset({"next", "why", "optional", "options", "role"})


def _stand_in(section: str) -> dict[str, Any]:
    """A part that is surely right, in the place of those read one by one."""
    return {"stand_in": {"say": "-"}} if section == "states" else {}


def _settled(kind: type[F], table: Any) -> tuple[F | None, list[ErrorDetails]]:  # noqa: ANN401 - what TOML holds
    """Validate; where that fails, once more without the faulty keys. Return (form or None, all first errors)."""
    try:
        return kind.model_validate(table), []
    except ValidationError as trouble:
        errors = trouble.errors(include_url=False, include_context=True)
    rest = copy.deepcopy(table)
    for error in sorted(errors, key=lambda one: str(one["loc"]), reverse=True):
        _remove(rest, _path(error, table))
    try:
        return kind.model_validate(rest), errors
    except ValidationError:
        return None, errors


def _remove(table: Any, path: Path) -> None:  # noqa: ANN401 - what TOML holds
    for key in path[:-1]:
        try:
            table = table[key]
        except (KeyError, IndexError, TypeError):
            return
    if path and isinstance(table, dict):
        table.pop(path[-1], None)


def _path(error: ErrorDetails, table: Any) -> Path:  # noqa: ANN401 - what TOML holds
    """Return pydantic's location without the names of union members."""
    path: list[str | int] = []
    location = error["loc"]
    for at, key in enumerate(location):
        if _holds(table, key):
            table = table[key]
        elif at < len(location) - 1 or error["type"] != "missing":
            continue
        path.append(key)
    return tuple(path)


def _holds(table: object, key: str | int) -> bool:
    if isinstance(table, list):
        return isinstance(key, int) and key < len(table)
    return isinstance(table, dict) and key in table


def _mentioned(table: object) -> set[str]:
    """Return every text under a `next` or `to` in a table that could not be read."""
    if isinstance(table, list):
        return {name for one in table for name in _mentioned(one)}
    if not isinstance(table, dict):
        return set()
    here = {value for key, value in table.items() if key in {"next", "to"} and isinstance(value, str)}
    return here.union(*(_mentioned(value) for value in table.values()))


def _known_keys(kind: type[form.Form], error: ErrorDetails) -> list[str]:
    """Return the keys that may stand where `error` met one it does not know."""
    location = error["loc"]
    for key, inner in (("when", form.CompareForm), ("options", form.OptionForm), ("next", form.WayForm)):
        if key in location[:-1]:
            return _names(inner)
    if kind is form.TranslationForm and len(location) > 2:
        return _names(form.WordsForm)
    return _names(form.OfForm) if location[0] == "of" and len(location) > 1 else _names(kind)


def _names(kind: type[form.Form]) -> list[str]:
    return [field.alias or name for name, field in kind.model_fields.items()]


def _valid(kind: type[form.Form], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of `table` that are right by themselves."""
    found: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        adapter: TypeAdapter[Any] = TypeAdapter(field.annotation)
        try:
            found[name] = adapter.validate_python(table[name], strict=name != "stage")
        except (KeyError, ValidationError):
            continue
    return found


def _plain_values(kind: type[form.Form], file: str, parts: Mapping[str, object]) -> dict[str, Any]:
    """Return values that let the rest of a file be checked where its own are missing or wrong."""
    stem = PurePosixPath(file).name.split(".")[0]
    plain: dict[str, Any] = {
        "flow": stem,
        "frame": stem if kind is form.FrameForm else None,
        "bank": stem,
        "version": 1,
        "stage": Stage.DELIVER,
        "language": "en",
        "title": stem,
        "start": next(iter(parts), ""),
        "of": None if kind is form.PhrasesForm else form.OfForm.model_construct(),
        "scales": {},
        "phrases": {},
        "values": {},
        "dont_know": form.DontKnowForm.model_construct(label="-") if kind is form.ScalesForm else None,
    }
    defaults = {name: field.get_default(call_default_factory=True) for name, field in kind.model_fields.items()}
    return {name: plain.get(name, defaults[name]) for name in kind.model_fields}


# --------------------------------------------------------------------------- what an author reads

_TYPES = {
    "string_type": "a text in quotes",
    "int_type": "a whole number without quotes",
    "float_type": "a number without quotes",
    "finite_number": "a number that ends, such as 1 or 2.5",
    "bool_type": "true or false, without quotes",
    "list_type": "a list in [ ]",
    "dict_type": "a table in { }",
    "model_type": "a table in { }",
    "model_attributes_type": "a table in { }",
}
_BOUNDS = {"greater_than_equal": ("ge", "more"), "less_than_equal": ("le", "less")}


def _message(error: ErrorDetails, key: str, known: list[str]) -> str:
    kind = error["type"]
    given = error["input"]
    if kind == "extra_forbidden":
        return f'there is no key "{key}" here.{suggestion(key, known)}'
    if kind == "missing":
        return f'"{key}" is missing. Add it.'
    if kind in _TYPES:
        return f'"{key}" must be {_TYPES[kind]}, not {_shown(given)}.'
    if kind in {"enum", "literal_error"}:
        offered = re.findall(r"'([^']+)'", error["msg"])
        return f'{key} = "{given}" must be one of {", ".join(offered)}.{suggestion(str(given), offered)}'
    if kind == "string_too_short":
        return f'"{key}" is empty. Write it.'
    if kind == "string_pattern_mismatch" and key == "language":
        return f'"{given}" is no language. Write its short name, such as "en", "fr" or "ar".'
    if kind == "string_pattern_mismatch":
        return f'"{given}" is no name. Use small letters a to z, digits and _ only.'
    if kind in _BOUNDS:
        bound, side = _BOUNDS[kind]
        return f'"{key}" must be {error["ctx"][bound]} or {side}, not {_shown(given)}.'
    said = error["msg"].removeprefix("Value error, ")
    return f'"{key}": {said[0].lower()}{said[1:]}. It is {_shown(given)}.'


def _shown(given: object) -> str:
    """Return what was written as its author wrote it; a table or a list by what it is."""
    match given:
        case bool():
            return "true" if given else "false"
        case dict():
            return "a table in { }"
        case list():
            return "a list in [ ]"
        case str():
            return f'"{given}"'
        case _:
            return str(given)


def _code(error: ErrorDetails) -> str:
    match error["type"]:
        case "extra_forbidden":
            return "unknown-key"
        case "missing":
            return "missing-key"
        case _:
            return "bad-value"
