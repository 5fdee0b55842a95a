"""Texts of flows out to a translator as a table, and back as the files that stand beside their source. Pure.

A line is one text: the file it stands in, its key (`states/priority/choose`, `phrases/help`), the words, and the
translation so far. What may be typed (`words`, `danger`) is one text, its words separated by ` | `.
"""

from __future__ import annotations

import csv
import io
import json
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flows.form import VERBS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SLOTS = (*VERBS, "unit", "why")
FIELDS = ("file", "key", "text", "translation")
BETWEEN = " | "


@dataclass(frozen=True, slots=True)
class Line:
    """One text to translate."""

    file: str
    key: str
    text: str
    translation: str = ""


def take_out(files: Mapping[str, str], language: str) -> list[Line]:
    """Return every text of the sources among `files` (name to text), with its translation into `language`."""
    return [line for name, raw in _sources(files) for line in _lines(name, raw, _beside(files, name, language))]


def merged(files: Mapping[str, str], lines: Iterable[Line], language: str) -> list[Line]:
    """Return every text of the files that `lines` touch, those translations laid over what stands there."""
    given = {(line.file, line.key): line.translation for line in lines}
    touched = {file for file, _ in given}
    return [
        replace(line, translation=given.get((line.file, line.key)) or line.translation)
        for line in take_out(files, language)
        if line.file in touched
    ]


def sidecars(files: Mapping[str, str], lines: Iterable[Line], language: str) -> dict[str, str]:
    """Return the text of each translation file by its name, made of what is translated."""
    by_file: dict[str, dict[str, str]] = {}
    for line in lines:
        if line.translation:
            by_file.setdefault(line.file, {})[line.key] = line.translation
    sources = dict(_sources(files))
    return {
        _sidecar(name, language): _written(sources[name], texts, language)
        for name, texts in by_file.items()
        if name in sources
    }


def drafts(files: Mapping[str, str], lines: Iterable[Line], language: str) -> dict[str, str]:
    """Return the text of each translation file by its name; what is not translated yet stands in it as a comment.

    A translator takes the `# ` away and writes over the words.
    """
    by_file: dict[str, list[Line]] = {}
    for line in lines:
        by_file.setdefault(line.file, []).append(line)
    sources = dict(_sources(files))
    return {
        _sidecar(name, language): _written(
            sources[name],
            {line.key: line.translation for line in texts if line.translation},
            language,
            {line.key: line.text for line in texts if not line.translation},
        )
        for name, texts in by_file.items()
    }


def to_csv(lines: Iterable[Line]) -> str:
    """Return the lines as a table with a heading, for a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(FIELDS)
    writer.writerows((line.file, line.key, line.text, line.translation) for line in lines)
    return out.getvalue()


def from_csv(text: str) -> list[Line]:
    """Read the table again; `;` between columns is read too. Raises KeyError where a column is missing."""
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if missing := set(FIELDS) - set(rows.fieldnames or ()):
        raise KeyError(", ".join(sorted(missing)))
    return [Line(row["file"], row["key"], row["text"] or "", (row["translation"] or "").strip()) for row in rows]


# --------------------------------------------------------------------------- what there is to translate


def _sources(files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, text in sorted(files.items()):
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        if "of" not in raw:
            yield name, raw


def _beside(files: Mapping[str, str], name: str, language: str) -> dict[str, str]:
    """Return the texts of the translation of a file by key; empty where there is none."""
    found = files.get(_sidecar(name, language))
    return dict(_texts(tomllib.loads(found))) if found else {}


def _sidecar(name: str, language: str) -> str:
    return f"{name.removesuffix('.toml')}.{language}.toml"


def _lines(name: str, raw: Mapping[str, Any], done: Mapping[str, str]) -> Iterator[Line]:
    for key, text in _texts(raw):
        yield Line(name, key, text, done.get(key, ""))


def _texts(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if raw.get("title"):
        yield "title", raw["title"]
    for section in ("states", "items", "scales"):
        for name, table in raw.get(section, {}).items():
            yield from ((f"{section}/{name}/{slot}", text) for slot, text in _words(table))
    if "label" in raw.get("dont_know", {}):
        yield "dont_know/label", raw["dont_know"]["label"]
    for section in ("phrases", "words", "danger", "commands"):
        for name, text in raw.get(section, {}).items():
            yield f"{section}/{name}", BETWEEN.join(text) if isinstance(text, list) else text


def _words(table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give the texts of a state, an item or a scale: its own, then the labels of its options."""
    for slot in SLOTS:
        if table.get(slot):
            yield slot, table[slot]
    options = table.get("options", {})
    pairs = options.items() if isinstance(options, dict) else ((one["id"], one["label"]) for one in options)
    yield from ((f"options/{option}", label) for option, label in pairs)


# --------------------------------------------------------------------------- TOML


def _written(
    source: Mapping[str, Any], texts: Mapping[str, str], language: str, waiting: Mapping[str, str] | None = None
) -> str:
    """Return a translation file of what is translated (`texts`), and as comments of what is `waiting` for it."""
    lines = [f"of = {_of(source)}", f"language = {quoted(language)}"]
    done, open_ = _tables(texts), _tables(waiting or {})
    for heading in dict.fromkeys(("", *done, *open_)):
        lines += ["", f"[{heading}]"] if heading else []
        lines += _slots(done.get(heading, {}))
        lines += [f"# {line}" for text in _slots(open_.get(heading, {})) for line in text.split("\n")]
    return "\n".join(lines) + "\n"


def _tables(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the TOML of each text by heading and name; what stands above all headings under none."""
    tables: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        section, _, rest = key.partition("/")
        if section in {"states", "items", "scales"}:
            name, _, slot = rest.partition("/")
            tables.setdefault(f"{section}.{_bare(name)}", {})[slot] = quoted(text)
        elif rest:
            tables.setdefault(section, {})[rest] = _listed(text) if section in {"words", "danger"} else quoted(text)
        else:
            tables.setdefault("", {})[section] = quoted(text)
    return tables


def _of(source: Mapping[str, Any]) -> str:
    """Return the line by which a translation names its source."""
    if "flow" in source:
        return f"{{ flow = {quoted(source['flow'])}, version = {source['version']} }}"
    if "scales" in source:
        return '{ bank = "scales" }'
    if "phrases" in source:
        return '{ frame = "phrases" }'
    kind = "frame" if "frame" in source else "bank"
    return f"{{ {kind} = {quoted(source[kind])} }}"


def _slots(slots: Mapping[str, str]) -> Iterator[str]:
    own = {slot: text for slot, text in slots.items() if not slot.startswith("options/")}
    yield from (f"{slot} = {text}" for slot, text in own.items() if slot != "why")
    options = [f"{_bare(slot[8:])} = {text}" for slot, text in slots.items() if slot.startswith("options/")]
    if options:
        yield f"options = {{ {', '.join(options)} }}"
    if "why" in own:
        yield f"why = {own['why']}"


def _bare(name: str) -> str:
    return name if name.replace("_", "").isalpha() else quoted(name)


def _listed(text: str) -> str:
    return f"[{', '.join(quoted(word.strip()) for word in text.split(BETWEEN.strip()) if word.strip())}]"


def quoted(text: str) -> str:
    """Return a TOML string; a text of several lines keeps them."""
    if "\n" in text and '"""' not in text and "\\" not in text and not text.endswith('"'):
        return f'"""\n{text}"""'
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
