"""Texts of flows out to a translator as a table, and back as the files that stand beside their source.

A line is one text: the file it stands in, its key (`states/priority/choose`, `phrases/help`), the words, and the
translation so far. What may be typed (`words`, `danger`) is one text, its words separated by ` | `.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from bot.texts import locale
from flows.form import VERBS
from flows.words import placeholders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

SLOTS = (*VERBS, "unit", "why")
BETWEEN = " | "
SOURCE = "en"
STAFF = "bot/"
"""How the files begin that hold what staff and visitors read; flows lie elsewhere."""
STAFF_FOLDERS = ("texts", "rounds/texts", "channels/web/texts")
"""Where those files lie, below `bot/`."""
FORMS = ("zero", "one", "two", "few", "many", "other")
"""How languages count; which of them one has, Babel knows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One text to translate."""

    file: str
    key: str
    text: str
    translation: str = ""
    was: str = ""
    """The text that was translated, where it has changed since; else empty."""


@dataclass(frozen=True, slots=True)
class Row(Line):
    """A line as it came back from a translator."""

    at: str = ""
    """Where it stands: `row 12`, `line 40`."""
    unsure: bool = False
    """Whether the translator left it marked as not yet looked at again (fuzzy)."""


def take_out(files: Mapping[str, str], language: str) -> list[Line]:
    """Return every text of the sources among `files` (name to text), with its translation into `language`."""
    return [line for name, raw in _sources(files) for line in _lines(name, raw, files, language)]


def merged(files: Mapping[str, str], rows: Iterable[Row], language: str) -> tuple[list[Line], list[str]]:
    """Lay what came back over what stands in the files.

    Return every text of the files that `rows` touch, and what is wrong with a row: no such text, or other gaps than its
    source has. Such a row changes nothing. A translation of words that have changed meanwhile is kept and marked.
    """
    rows = list(rows)
    standing = {(line.file, line.key): line for line in take_out(files, language)}
    faults: list[str] = []
    laid: dict[tuple[str, str], Line] = {}
    for row in rows:
        line = standing.get((row.file, row.key))
        fault = _fault(row, line)
        if line is None or fault:
            faults += [f"{row.at}: {fault}"] if fault else []
        elif row.translation:
            was = line.was or row.text if row.unsure else "" if row.text == line.text else row.text
            laid[row.file, row.key] = replace(line, translation=_ended(row.translation, line), was=was)
    touched = {row.file for row in rows}
    return [laid.get(place, line) for place, line in standing.items() if line.file in touched], faults


def _ended(words: str, line: Line) -> str:
    """Return a translation with the line break that its source ends in; one that is as it stood stays so."""
    if words == line.translation.strip(" \t\r\n"):
        return line.translation
    return f"{words}\n" if line.text.endswith("\n") else words


def _fault(row: Row, line: Line | None) -> str:
    if not row.translation or (line and _ended(row.translation, line) == line.translation):
        return ""
    if line is None:
        return f'there is no text "{row.key}" in {row.file}. Take out the table anew and fill that.'
    own, wanted = placeholders(row.translation), placeholders(line.text)
    counted = row.key.rpartition("/")[2] in FORMS
    if odd := sorted(own - wanted):
        return f"{{{odd[0]}}} is no gap of this text. {_gaps(wanted)}"
    if lost := sorted(wanted - own - ({"n"} if counted else set())):
        return f"the gap {{{lost[0]}}} is missing. Write it where its words belong."
    return ""


def _gaps(names: Collection[str]) -> str:
    return (
        f"Its gaps are {', '.join(f'{{{name}}}' for name in sorted(names))}." if names else "It has none: take it out."
    )


def in_order(lines: Mapping[str, Sequence[Line]], own: Collection[str]) -> dict[str, list[Line]]:
    """Return the lines of each language as translators want them: what waits for one of them, then the rest.

    In both parts the texts of the files `own` come first.
    """
    waiting = {(one.file, one.key) for its in lines.values() for one in its if one.was or not one.translation}

    def rank(line: Line) -> tuple[bool, bool]:
        return (line.file, line.key) not in waiting, line.file not in own

    return {language: sorted(its, key=rank) for language, its in lines.items()}


def staff_files(program: Path) -> dict[str, str]:
    """Return the text of each file that staff and visitors read, by name, from the folder of the program."""
    found = (file for folder in STAFF_FOLDERS for file in sorted((program / folder).glob("*.toml")))
    return {f"{STAFF}{file.relative_to(program).as_posix()}": file.read_text("utf-8") for file in found}


def languages(files: Mapping[str, str]) -> list[str]:
    """Return the languages there are translations in."""
    return sorted({_language_of(name) for name in files} - {"", SOURCE})


def status(files: Mapping[str, str], language: str) -> Status:
    """Return how far a language is."""
    lines = take_out(files, language)
    beside = (tomllib.loads(files[name]) for name in files if _language_of(name) == language)
    own = [raw for raw in beside if "reviewed_by" in raw or "of" in raw]
    names = list(dict.fromkeys(name for raw in own for name in raw.get("reviewed_by", ())))
    return Status(
        language,
        len(lines),
        sum(bool(line.translation) for line in lines),
        sum(bool(line.was) for line in lines),
        len(own),
        sum(bool(raw.get("reviewed_by")) for raw in own),
        tuple(names),
    )


@dataclass(frozen=True, slots=True)
class Status:
    """How far a language is: texts, those translated, those whose source has changed since; and who has read it."""

    language: str
    texts: int
    translated: int
    outdated: int
    files: int
    reviewed: int
    reviewers: tuple[str, ...]

    @property
    def percent(self) -> int:
        """Whole percent of the texts that are translated; 100 only where none is missing."""
        return 100 * self.translated // self.texts if self.texts else 100


def sidecars(files: Mapping[str, str], lines: Iterable[Line], language: str) -> dict[str, str]:
    """Return the text of each translation file by its name, made of what is translated."""
    return _files(files, [line for line in lines if line.translation], language)


def differs(text: str, stood: str) -> bool:
    """Return whether a translation file says anything else than it did; how it is laid out does not count."""
    return not stood or tomllib.loads(text) != tomllib.loads(stood)


def drafts(files: Mapping[str, str], lines: Iterable[Line], language: str) -> dict[str, str]:
    """Return the text of each translation file by its name; what is not translated yet stands in it as a comment.

    A translator takes the `# ` away and writes over the words.
    """
    return _files(files, lines, language)


def _files(files: Mapping[str, str], lines: Iterable[Line], language: str) -> dict[str, str]:
    by_file: dict[str, list[Line]] = {}
    for line in lines:
        by_file.setdefault(line.file, []).append(line)
    sources = dict(_sources(files))
    return {
        sidecar(name, language): _written(name, sources[name], texts, language, files.get(sidecar(name, language), ""))
        for name, texts in by_file.items()
    }


# --------------------------------------------------------------------------- what there is to translate


def _sources(files: Mapping[str, str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, text in sorted(files.items()):
        if _language_of(name) not in {"", SOURCE}:
            continue
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        if "of" not in raw:
            yield name, raw


def _language_of(name: str) -> str:
    """Return the language in a file's name, as in `ideas.fr.toml`, `bot/texts/fr.toml`; empty where it has none."""
    stem = PurePosixPath(name).name.removesuffix(".toml")
    return stem if _is_staff(name) else stem.partition(".")[2]


def _is_staff(name: str) -> bool:
    return name.startswith(STAFF)


def _lines(name: str, raw: Mapping[str, Any], files: Mapping[str, str], language: str) -> Iterator[Line]:
    found = files.get(sidecar(name, language))
    beside = tomllib.loads(found) if found else {}
    done, changed = dict(_told(name, beside)), beside.get("changed", {})
    for key, text in _counted(dict(_told(name, raw)), language, done) if _is_staff(name) else _told(name, raw):
        yield Line(name, key, text, done.get(key, ""), changed.get(key, ""))


def sidecar(name: str, language: str) -> str:
    """Return the file that holds a language of the source `name`."""
    if _is_staff(name):
        return f"{name.rpartition('/')[0]}/{language}.toml"
    return f"{name.removesuffix('.toml')}.{language}.toml"


def _told(name: str, raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    return _flat(raw) if _is_staff(name) else _texts(raw)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        if isinstance(value, dict) and key != "changed":
            yield from _flat(value, f"{prefix}{key}/")
        elif isinstance(value, str):
            yield f"{prefix}{key}", value


def _counted(texts: Mapping[str, str], language: str, done: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Give the texts, and of what is counted one for each form that `language` has below 200 or that is `done`."""
    own = {locale(language).plural_form(n) for n in range(1, 200)} | {"other"}
    for key, text in texts.items():
        stem, _, form = key.rpartition("/")
        if form not in FORMS or f"{stem}/one" not in texts:
            yield key, text
        elif form == "other":
            forms = [f"{stem}/{one}" for one in FORMS if one in own or f"{stem}/{one}" in done]
            yield from ((one, texts.get(one, text)) for one in forms)


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


def _written(name: str, source: Mapping[str, Any], lines: Iterable[Line], language: str, stood: str) -> str:
    """Return a translation file: what is translated, and as comments what waits for it.

    Its first comment and who reviewed it stay as they stood.
    """
    lines = list(lines)
    done = _tables(name, {line.key: line.translation for line in lines if line.translation})
    open_ = _tables(name, {line.key: line.text for line in lines if not line.translation})
    changed = {line.key: line.was for line in lines if line.was and line.translation}
    written = [*_head(stood), *_top(name, source, language, stood)]
    for heading in dict.fromkeys(("", *done, *open_)):
        written += ["", f"[{heading}]"] if heading else []
        written += _slots(done.get(heading, {}))
        written += [f"# {line}" for text in _slots(open_.get(heading, {})) for line in text.split("\n")]
    written += ["", "[changed]", *(f"{quoted(key)} = {quoted(was)}" for key, was in changed.items())] if changed else []
    return "\n".join(written) + "\n"


def _head(stood: str) -> Iterator[str]:
    for line in stood.splitlines():
        if not line.startswith("#"):
            return
        yield line


def _top(name: str, source: Mapping[str, Any], language: str, stood: str) -> list[str]:
    reviewers = tomllib.loads(stood).get("reviewed_by", []) if stood else []
    own = [] if _is_staff(name) else [f"of = {_of(source)}", f"language = {quoted(language)}"]
    return [*own, f"reviewed_by = [{', '.join(map(quoted, reviewers))}]"]


def _tables(name: str, texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the TOML of each text by heading and name; what stands above all headings under none."""
    return _staff_tables(texts) if _is_staff(name) else _flow_tables(texts)


def _staff_tables(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    counted: dict[str, dict[str, str]] = {}
    for key, text in texts.items():
        stem, _, form = key.rpartition("/")
        if form in FORMS and f"{stem}/one" in texts:
            counted.setdefault(stem, {})[form] = quoted(text)
            heading, value = stem, f"{{ {', '.join(f'{one} = {said}' for one, said in counted[stem].items())} }}"
        else:
            heading, value = key, quoted(text)
        above, _, last = heading.rpartition("/")
        tables.setdefault(above.replace("/", "."), {})[_bare(last)] = value
    return tables


def _flow_tables(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
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
