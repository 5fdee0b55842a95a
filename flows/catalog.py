"""All flows at hand: those that come with civicloop and those in folders of one's own."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flows.checks.branches import untaken
from flows.checks.questions import guarded, musts, promises
from flows.checks.scales import unfair
from flows.checks.wording import read_along
from flows.composing import understood_words
from flows.danger import entries
from flows.form import FlowForm, FrameForm, PhrasesForm
from flows.issues import STRICTEST, Issue
from flows.model import End, Rate, Review, Say, Stage
from flows.plain import Plain, is_rules, rules
from flows.shelf import NOT_APPLICABLE, Shelf
from flows.source import compile_files, compile_sheet

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Mapping

    from flows.bank import Bank
    from flows.issues import Limits, Where
    from flows.model import Flow
    from flows.source import Compiled

PACKAGED = Path(__file__).parent
"""The folder of the flows that come with civicloop."""


@dataclass(frozen=True)
class Catalog:
    """Every flow that could be read, the bank, and all that is wrong with their files."""

    shelf: Shelf
    compiled: Mapping[tuple[str, int], Compiled]
    texts: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    """The files that say what is plain in a language."""

    @classmethod
    def load(
        cls,
        folder: Path = PACKAGED,
        extra: Iterable[Path] = (),
        channels: Mapping[str, Limits] = STRICTEST,
    ) -> Catalog:
        """Read every `*.toml` below `folder` and the `extra` folders (or single files)."""
        return cls.of(texts(folder, extra), channels)

    @classmethod
    def of(cls, texts: Mapping[str, str], channels: Mapping[str, Limits] = STRICTEST) -> Catalog:
        """Make a catalogue of `texts` by file name."""
        aside = {file: text for file, text in texts.items() if is_rules(file)}
        kept = {file: text for file, text in texts.items() if file not in aside}
        shelf = Shelf.of(kept)
        compiled = {key: compile_sheet(shelf, sheet, channels) for key, sheet in shelf.flows.items()}
        return cls(shelf, MappingProxyType(compiled), MappingProxyType(kept), MappingProxyType(aside))

    def beside(self, files: Mapping[str, str]) -> Catalog:
        """Return a catalogue of the flows in `files` (name to text) alone, with frames, bank and phrases of this."""
        shelf = Shelf.of(files)
        shelf.frames, shelf.banks, shelf.bank = self.shelf.frames, self.shelf.banks, self.shelf.bank
        shelf.scales, shelf.phrases = self.shelf.scales, self.shelf.phrases
        compiled = {key: compile_sheet(shelf, sheet) for key, sheet in shelf.flows.items()}
        return Catalog(shelf, MappingProxyType(compiled), MappingProxyType(dict(files)), self.rules)

    def grow(self, files: Mapping[str, str]) -> None:
        """Take in the flows of `files` (name to text), which were published while the program runs.

        What is here stays as it is: versions never change. Whoever holds this catalogue has the new flows as well.
        """
        beside = self.beside(files)
        new = {key: one for key, one in beside.compiled.items() if key not in self.compiled}
        self.shelf.flows.update({key: beside.shelf.flows[key] for key in new})
        object.__setattr__(self, "texts", MappingProxyType({**files, **self.texts}))
        object.__setattr__(self, "compiled", MappingProxyType({**self.compiled, **new}))
        for known in ("flows", "_newest", "names", "issues"):
            self.__dict__.pop(known, None)

    def faults_of(self, files: Mapping[str, str]) -> list[Issue]:
        """Return what is wrong with the `files` (name to text) of a flow that is not in this catalogue yet.

        Nothing else is read along, so that it takes a hundredth of the time that all files do.
        """
        beside, alone = self.beside(files), Shelf.of(files)
        compiled = (issue for one in beside.compiled.values() for issue in one.issues)
        read = (*read_along(alone, self.plain), *unfair(alone))
        found = {*beside.shelf.issues, *compiled, *read, *beside._walked_through()}  # noqa: SLF001 - one of us
        return sorted(issue for issue in found if issue.file in files)

    @cached_property
    def flows(self) -> list[Flow]:
        """The newest playable version of each flow a round can ask with, by stage and id."""
        order = list(Stage)
        asking = [(order.index(flow.stage), flow.id, flow) for flow in self._newest.values() if flow.stage]
        return [flow for _, _, flow in sorted(asking, key=lambda one: one[:2])]

    @cached_property
    def _newest(self) -> dict[str, Flow]:
        """The newest playable version of each flow, those included that others hand over to."""
        return {name: one.flow for (name, _), one in sorted(self.compiled.items()) if one.flow}

    def get(self, name: str, version: int | None = None) -> Flow:
        """Return a flow in this version, else in its newest. Raises KeyError where there is none that can be played."""
        made = None if version is None else self.compiled.get((name, version))
        found = self._newest.get(name) if version is None else made.flow if made else None
        if found is None:
            raise KeyError(name if version is None else f"{name}, version {version}")
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """Ids of the flows that can be played."""
        return frozenset(self._newest)

    @cached_property
    def issues(self) -> list[Issue]:
        """Everything wrong with any file, each fault once, by file and line."""
        compiled = (issue for one in self.compiled.values() for issue in one.issues)
        return sorted({*self.shelf.issues, *compiled, *self._read_along(), *self._walked_through()})

    def _read_along(self) -> Iterable[Issue]:
        """Return what is not plain or fair in the texts, and what is wrong with the rules for that."""
        yield from self._plain[1]
        yield from read_along(self.shelf, self.plain)
        yield from unfair(self.shelf)

    def _walked_through(self) -> Iterable[Issue]:
        """Return what only trying every answer shows of the flows that can be played."""
        for one in self.compiled.values():
            found = self._walked(one.flow, one.where) if one.flow else ()
            yield from (issue for issue in found if issue.file not in one.elsewhere)

    def _walked(self, flow: Flow, where: Where) -> Iterable[Issue]:
        yield from untaken(flow, where)
        yield from musts(flow, where)
        yield from guarded(flow, where, self.bank)
        yield from promises(flow, where, self.plain)

    @cached_property
    def _plain(self) -> tuple[Mapping[str, Plain], list[Issue]]:
        return rules(self.rules)

    def plain(self, language: str) -> Plain:
        """Return what is plain in a language; for one without rules of its own, what holds in all."""
        return self._plain[0].get(language) or Plain(language)

    def own(self, flow: Flow) -> tuple[str, frozenset[str]]:
        """Return the state where the flow's own questions begin, and all its states but those of its frame."""
        states = frozenset(flow.scripts[flow.language].states)
        form = self.shelf.flows[flow.id, flow.version].document.form
        frame = self.shelf.frames[flow.frame].document.form if flow.frame else None
        framed = frame.states if isinstance(frame, FrameForm) else ()
        return (form.start if isinstance(form, FlowForm) else flow.start), states - frozenset(framed)

    def issues_of(self, name: str, further: Iterable[Issue] = ()) -> list[Issue]:
        """Return what is wrong with the files that one flow is made of, and which of `further` faults lie in them."""
        files = {file for (flow, _), one in self.compiled.items() if flow == name for file in one.files}
        return [issue for issue in (*further, *self.issues) if issue.file in files]

    def errors_of(self, name: str, version: int, languages: Iterable[str]) -> list[Issue]:
        """Return what would lead people astray in a version asked in `languages`; nothing where it is unknown.

        Other flows are not walked through for it, and wording is not read: it is never an error.
        """
        made = self.compiled.get((name, version))
        if made is None:
            return []
        if (name, version) not in self._errors:
            walked = self._walked(made.flow, made.where) if made.flow else ()
            found = {*self.shelf.issues, *made.issues, *walked}
            self._errors[name, version] = sorted(one for one in found if one.severity == "error")
        files = {file for file in made.files if self._language_of(file) in {"", *languages}}
        return [issue for issue in self._errors[name, version] if issue.file in files]

    @cached_property
    def _errors(self) -> dict[tuple[str, int], list[Issue]]:
        """What has been found wrong so far, by flow and version."""
        return {}

    def _language_of(self, file: str) -> str:
        """Return the language of a translation by its file's name; empty for a source."""
        language = file.removesuffix(".toml").rpartition("/")[2].partition(".")[2]
        return language if language in self.shelf.phrases else ""

    def versions(self, name: str) -> list[int]:
        """Return the versions of a flow whose files can be played, the newest first."""
        known = [version for (flow, version), one in self.compiled.items() if flow == name and one.flow]
        return sorted(known, reverse=True)

    @property
    def bank(self) -> Bank:
        """The question bank."""
        return self.shelf.bank

    @property
    def frames(self) -> list[str]:
        """Names of the frames."""
        return sorted(self.shelf.frames)

    @property
    def languages(self) -> list[str]:
        """Languages in which there are phrases, English first."""
        return sorted(self.shelf.phrases, key=lambda language: (language != "en", language))

    def phrases(self, language: str) -> Mapping[str, str]:
        """Return all sentences of the bot in `language`, those it lacks in English."""
        return MappingProxyType({**self._spoken("en").phrases, **self._spoken(language).phrases})

    def words(self, language: str) -> Mapping[str, str]:
        """Return what may be typed in `language` (folded, see `flows.words.fold`) to the word it means."""
        return MappingProxyType(understood_words(self.shelf, self._spoken(language)))

    def danger(self, language: str) -> tuple[str, ...]:
        """Return the words of danger in `language`, as a script carries them."""
        return entries(self._spoken(language).danger)

    def commands(self, language: str) -> Mapping[str, str]:
        """Return the line that explains each command in `language`."""
        return MappingProxyType({**self._spoken("en").commands, **self._spoken(language).commands})

    def _spoken(self, language: str) -> PhrasesForm:
        document = self.shelf.phrases.get(language) or self.shelf.phrases.get("en")
        if document and isinstance(document.form, PhrasesForm):
            return document.form
        return PhrasesForm(language="en", phrases={})

    def bundle(self, flow: Flow) -> tuple[dict[str, str], str]:
        """Return the text of every file that `flow` is made of, by name, and the SHA-256 of what it asks, in hex.

        `flows.source.compile_files` makes the same flow of them again, whatever the catalogue has become. The hash is
        of the questions in every language they are asked in: structure and wording of flow, frame, and the items and
        scales they use. A comment, who read a translation, or a sentence between the questions may change without a
        new version.
        """
        files = sorted(set(self.compiled[flow.id, flow.version].files))
        texts = {file: self.texts[file] for file in files}
        return texts, _hash(texts, flow)

    def still_asks(self, flow: Flow, source: Mapping[str, str]) -> bool:
        """Whether `flow` asks what the files `source` (name to text) asked that were kept of it, in every language.

        Compared are the texts, not a hash that was kept: the first versions were hashed without their translations.
        """
        texts, sha256 = self.bundle(flow)
        return texts == source or _hash(source, flow) == sha256

    def changed(self, flow: Flow, source: Mapping[str, str]) -> list[str]:
        """Return the files that ask something else than they did in `source`, those included that are gone or new."""
        texts, _ = self.bundle(flow)
        files = sorted({*texts, *source})
        return [file for file in files if asked(texts.get(file, ""), flow) != asked(source.get(file, ""), flow)]

    def again(self, source: Mapping[str, str]) -> Flow:
        """Return the flow of files that were kept of it: its words as they were, between them today's sentences.

        Raises `flows.source.FlowTrouble` where they can be read no more.
        """
        sentences = {document.file: self.texts[document.file] for document in self.shelf.phrases.values()}
        return compile_files({**source, **sentences})


def _hash(texts: Mapping[str, str], flow: Flow) -> str:
    parts = [json.dumps(part, sort_keys=True) for text in texts.values() if (part := asked(text, flow))]
    return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()


def asked(text: str, flow: Flow) -> dict[str, Any]:
    """Return what the text of a file adds to the questions of `flow`; nothing for phrases, nor for foreign languages.

    A translation of the flow itself always counts: it is what makes a language one of the flow's.
    """
    file = tomllib.loads(text)
    of = file.get("of")
    if "phrases" in file:
        return {}
    if of is None:
        return _asked(file, flow)
    is_spoken = of.get("flow") == flow.id or file.get("language") in flow.scripts
    return _asked({key: said for key, said in file.items() if key not in _ABOUT}, flow) if is_spoken else {}


_ABOUT = frozenset({"reviewed_by", "changed"})
"""What a translation says of itself: nobody is asked it."""
_SORTING = frozenset({"side", "explains", "works_if"})
"""What tells on which side of a digest an answer stands: nobody is asked it either."""


def _asked(file: Mapping[str, Any], flow: Flow) -> dict[str, Any]:
    states = flow.script(flow.language).states.values()
    if "items" in file:
        return _used(file, "items", {state.item for state in states if not isinstance(state, Say | Review | End)})
    if "scales" in file:
        rates = [state for state in states if isinstance(state, Rate)]
        also = {"dont_know"} if any(NOT_APPLICABLE in rate.scores for rate in rates) else ()
        return _used(file, "scales", {rate.scale for rate in rates}, also)
    states_ = {name: _unsorted(state) for name, state in file.get("states", {}).items()}
    return {**file, "states": states_} if "states" in file else dict(file)


def _unsorted(made: Mapping[str, Any]) -> dict[str, Any]:
    return {key: said for key, said in made.items() if key not in _SORTING}


def _used(
    file: Mapping[str, Any], part: str, used: Container[str | None], also: Collection[str] = ()
) -> dict[str, Any]:
    """Return of a bank or of scales, or of a translation of them, what is `used`; nothing where nothing is."""
    said = {name: _unsorted(words) for name, words in file[part].items() if name in used}
    return {part: said, **{key: file[key] for key in also if key in file}} if said else {}


def texts(folder: Path = PACKAGED, extra: Iterable[Path] = ()) -> dict[str, str]:
    """Return the text of every `*.toml` below `folder` and the `extra` folders (or single files), by its name there."""
    return {name: text for one in (folder, *extra) for name, text in _texts(one).items()}


def _texts(folder: Path) -> dict[str, str]:
    if folder.is_file():
        return {folder.name: _text(folder)}
    files = sorted(folder.rglob("*.toml"))
    return {file.relative_to(folder).as_posix(): _text(file) for file in files}


def _text(file: Path) -> str:
    """Return the text of a file; bytes that are no UTF-8 stand in it as what the reader tells of."""
    return file.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")
