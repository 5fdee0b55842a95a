"""All files of flows, each in its place: flows, frames, the bank, scales, phrases, and translations beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from flows import form
from flows.bank import Bank, Item, Words
from flows.issues import Issue, suggestion
from flows.model import Option
from flows.reading import read
from flows.translation import missing, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flows.positions import Path
    from flows.reading import Document

_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A document of one kind, with the translations that belong to it."""

    document: Document
    translations: Mapping[str, Document] = field(default_factory=dict)
    """By language."""

    @property
    def files(self) -> tuple[str, ...]:
        """The names of all files of this sheet."""
        return (self.document.file, *(one.file for one in self.translations.values()))


@dataclass(slots=True)
class Shelf:
    """Everything that was read from a set of files, and what was wrong with it."""

    flows: dict[tuple[str, int], Sheet] = field(default_factory=dict)
    frames: dict[str, Sheet] = field(default_factory=dict)
    banks: dict[str, Sheet] = field(default_factory=dict)
    scales: Sheet | None = None
    phrases: dict[str, Document] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    bank: Bank = field(default_factory=Bank)

    @classmethod
    def of(cls, files: Mapping[str, str]) -> Shelf:
        """Read `files` (name to text), put each where it belongs, translations beside what they translate."""
        shelf = cls()
        documents = []
        for name, text in sorted(files.items()):
            document, issues = read(name, text)
            shelf.issues += issues
            if document:
                documents.append(document)
        for document in documents:
            shelf.put(document)
        for document in documents:
            if isinstance(document.form, form.TranslationForm):
                shelf.put_beside(document, document.form)
        shelf.bank = _Banker(shelf).bank()
        return shelf

    def put(self, document: Document) -> None:
        """Lay a document, no translation, in its place."""
        match document.form:
            case form.FlowForm(flow=flow, version=version):
                self._once(self.flows, (flow, version), document, f'flow "{flow}", version {version},')
            case form.FrameForm(frame=frame):
                self._once(self.frames, frame, document, f'frame "{frame}"')
            case form.ItemsForm(bank=bank):
                self._once(self.banks, bank, document, f'bank "{bank}"')
            case form.ScalesForm():
                self.scales = Sheet(document, {})
            case form.PhrasesForm(language=language):
                self.phrases[language] = document
            case _:
                pass

    def _once(self, places: dict[_K, Sheet], key: _K, document: Document, what: str) -> None:
        if key in places:
            message = f"{what} stands already in {places[key].document.file}. Raise the version or change the id."
            self.issues.append(Issue(document.file, 1, message, "duplicate-flow"))
        else:
            places[key] = Sheet(document, {})

    def put_beside(self, document: Document, translation: form.TranslationForm) -> None:
        """Lay a translation beside what it translates."""
        sheet = self.source_of(translation.of)
        if sheet is None:
            message = "nothing here has this name; it translates nothing. Look at of = { … }."
            self.issues.append(Issue(*document.at("of"), message, "unknown-source"))
        else:
            sheet.translations[translation.language] = document  # type: ignore[index] # still being filled
            self._check_version(sheet, document, translation)
            self.issues += outdated(document, translation.changed)

    def flow(self, name: str, version: int | None = None) -> Sheet | None:
        """Return a flow in this version, else in its newest."""
        versions = [known for flow, known in self.flows if flow == name]
        return self.flows.get((name, version or max(versions, default=0)))

    def holds(self, file: str) -> bool:
        """Return whether a file of this name was read and has its place."""
        scales = [self.scales] if self.scales else []
        sheets = (*self.flows.values(), *self.frames.values(), *self.banks.values(), *scales)
        return file in {*(one for sheet in sheets for one in sheet.files), *(one.file for one in self.phrases.values())}

    def handed_over(self) -> set[str]:
        """Return the ids of all flows that another one hands over to."""
        sheets = (*self.flows.values(), *self.frames.values())
        states = (state for sheet in sheets for state in getattr(sheet.document.form, "states", {}).values())
        return {state.other.id for state in states if isinstance(state, form.HandOverForm)}

    def source_of(self, of: form.OfForm) -> Sheet | None:
        """Return what a translation translates: the newest version of a flow, a frame, a bank, or the scales."""
        if of.flow:
            versions = sorted(version for flow, version in self.flows if flow == of.flow)
            exact = of.version if of.version in versions else None
            return self.flows[of.flow, exact or versions[-1]] if versions else None
        if of.scales or of.bank == "scales":
            return self.scales
        bank = of.bank or of.items or ""
        return self.frames.get(of.frame) if of.frame else self.banks.get(bank)

    def _check_version(self, sheet: Sheet, document: Document, translation: form.TranslationForm) -> None:
        source = sheet.document.form
        if isinstance(source, form.FlowForm) and translation.of.version != source.version:
            message = (
                f"translates version {translation.of.version}, but the flow is in version {source.version}. "
                f"Look through the words, then write version = {source.version}."
            )
            self.issues.append(Issue(*document.at("of", "version"), message, "outdated-translation"))


def outdated(document: Document, changed: Mapping[str, str]) -> Iterator[Issue]:
    """Tell which texts were translated from words that have changed since."""
    for key in changed:
        message = (
            f'the source of "{key}" has changed since it was translated. '
            f'Look at the words, then take the line "{key}" out of [changed].'
        )
        yield Issue(*document.at("changed", key), message, "outdated-translation", "warning")


def _words(words: form.WordsForm) -> Words:
    return Words(words.text, words.why or "", words.unit or "", words.options)


def own_words(made: form.Form) -> Words:
    """Return the words that stand in a state, an item or a scale itself."""
    text = next((getattr(made, verb) for verb in form.VERBS if hasattr(made, verb)), None)
    options = {option.id: option.label for option in getattr(made, "options", None) or ()}
    return Words(text, getattr(made, "why", ""), getattr(made, "unit", ""), options)


def options_of(forms: Iterable[form.OptionForm]) -> tuple[Option, ...]:
    """Return options as the model has them."""
    return tuple(Option(one.id, one.label, one.next, one.value, one.exclusive) for one in forms)


# --------------------------------------------------------------------------- the bank

NOT_APPLICABLE = "na"
"""Id of the answer under a scale that is no step of it."""


class _Banker:
    """Makes the bank out of its files and their translations."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    def bank(self) -> Bank:
        self.check()
        items = {item.id: item for sheet in self.shelf.banks.values() for item in self.items(sheet)}
        aliases = {}
        for name, sheet in self.shelf.banks.items():
            for item in _items(sheet):
                aliases[f"{name}.{item.partition('.')[2]}"] = item
        return Bank(MappingProxyType(items), MappingProxyType({k: v for k, v in aliases.items() if k not in items}))

    def check(self) -> None:
        """Tell what is wrong with the translations of items and scales, once for all flows that use them."""
        for sheet in self.shelf.banks.values():
            self.shelf.issues += strangers(sheet, "items")
        scales = self.shelf.scales
        if scales and isinstance(scales.document.form, form.ScalesForm):
            self.shelf.issues += strangers(scales, "scales")
            for language in scales.translations:
                for name, made in scales.document.form.scales.items():
                    self.compare(scales, "scales", name, own_words(made), language)

    def items(self, sheet: Sheet) -> Iterator[Item]:
        bank = sheet.document.form
        for name, made in _items(sheet).items():
            options, scale = self.options(sheet.document, name, made)
            yield Item(
                id=name,
                stage=getattr(bank, "stage", None),
                verb=form.verb_of(made) or "",
                language=language_of(sheet.document),
                words=self.wording(sheet, name, made, scale),
                options=options,
                scale=scale,
                options_from=getattr(made, "options_from", None),
                least=getattr(made, "least", None),
                most=getattr(made, "most", None),
                unit=getattr(made, "unit", ""),
                whole=getattr(made, "whole", False),
                points=getattr(made, "points", None),
                cards=getattr(made, "cards", None),
                shows=getattr(made, "shows", None),
                joins_within_seconds=getattr(made, "joins_within_seconds", None),
                only=getattr(made, "only", None),
                side=getattr(made, "side", None),
                explains=getattr(made, "explains", ""),
                works_if=tuple(getattr(made, "works_if", ())),
                figures=tuple(made.figures),
                headline=tuple(made.headline),
                outside=tuple(made.outside),
                pair=tuple(made.pair),
                predict=made.predict,
                source=made.source,
                after=made.after,
                special_category=made.special_category,
                file=sheet.document.file,
            )

    def options(self, document: Document, name: str, made: form.Form) -> tuple[tuple[Option, ...], str | None]:
        own = options_of(getattr(made, "options", ()))
        scale: str | None = getattr(made, "scale", None)
        if scale is None:
            return own, None
        steps = scale_steps(self.shelf, scale, dont_know=getattr(made, "dont_know", False))
        if not steps:
            at = document.at("items", name, "scale")
            self.shelf.issues.append(unknown_scale(at, scale, self.shelf))
        return steps + own, scale

    def wording(self, sheet: Sheet, name: str, made: form.Form, scale: str | None) -> dict[str, Words]:
        found = {}
        for language in (language_of(sheet.document), *sheet.translations):
            below = scale_words(self.shelf, scale, language) if scale else Words()
            words = laid(sheet, "items", name, made, language)
            self.compare(sheet, "items", name, own_words(made), language)
            found[language] = words.over(below)
        return found

    def compare(self, sheet: Sheet, section: str, name: str, own: Words, language: str) -> None:
        """Tell what a translation of an item or a scale lacks."""
        document = sheet.translations.get(language)
        if document is None:
            return
        given = getattr(document.form, section).get(name)
        for slot in missing(own, _words(given) if given else Words()):
            message = f'{told(slot, name)} is missing in "{language}". Translate it.'
            self.shelf.issues.append(Issue(*document.at(section, name), message, "missing-translation"))


def _items(sheet: Sheet) -> Mapping[str, form._BankKeys]:
    made = sheet.document.form
    return made.items if isinstance(made, form.ItemsForm) else {}


def language_of(document: Document) -> str:
    """Return the language a document is written in."""
    return str(getattr(document.form, "language", "en"))


def laid(sheet: Sheet, section: str, name: str, made: form.Form, language: str) -> Words:
    """Return the words of one state, item or scale in `language`: its own, or those of the translation."""
    if language == language_of(sheet.document):
        return own_words(made)
    translation = sheet.translations.get(language)
    words = getattr(translation.form, section, {}).get(name) if translation else None
    return _words(words) if words else Words()


def translated_at(sheet: Sheet | None, part: tuple[str, str], keys: Path, language: str) -> tuple[str, int] | None:
    """Return the file and line of translated words of a `part` (section, name), without keys of its text; else None."""
    document = sheet.translations.get(language) if sheet else None
    slots: list[Path] = [keys] if keys else [(verb,) for verb in form.VERBS]
    paths = ((*part, *slot) for slot in slots)
    return next((document.at(*path) for path in paths if path in document.lines), None) if document else None


def scale_steps(shelf: Shelf, scale: str, *, dont_know: bool) -> tuple[Option, ...]:
    """Return the options of a scale, best first, with "does not apply" after them if wanted; empty if unknown."""
    scales = shelf.scales.document.form if shelf.scales else None
    if not isinstance(scales, form.ScalesForm) or scale not in scales.scales:
        return ()
    steps = options_of(scales.scales[scale].options)
    return (*steps, Option(NOT_APPLICABLE, scales.dont_know.label)) if dont_know else steps


def scale_words(shelf: Shelf, scale: str, language: str) -> Words:
    """Return the labels of a scale and of "does not apply" in `language`, as far as there are any."""
    sheet = shelf.scales
    if sheet is None or not isinstance(sheet.document.form, form.ScalesForm):
        return Words()
    own = sheet.document.form.scales.get(scale)
    words = laid(sheet, "scales", scale, own, language) if own else Words()
    source = sheet.document if language == language_of(sheet.document) else sheet.translations.get(language)
    dont_know = getattr(source.form, "dont_know", None) if source else None
    return Words(options={**words.options, **({NOT_APPLICABLE: dont_know.label} if dont_know else {})})


def strangers(sheet: Sheet, section: str) -> list[Issue]:
    """Return the words of translations that belong to nothing: states, items, scales or options that do not exist."""
    own: Mapping[str, form.Form] = getattr(sheet.document.form, section)
    return [
        issue
        for document in sheet.translations.values()
        for name, words in getattr(document.form, section, {}).items()
        if name not in sheet.document.broken
        for issue in _strange(document, section, name, words, own)
    ]


def _strange(
    document: Document, section: str, name: str, words: form.WordsForm, own: Mapping[str, form.Form]
) -> Iterator[Issue]:
    if name not in own:
        message = f'"{name}" is not in the file this translates.{suggestion(name, own)}'
        yield Issue(*document.at(section, name), message, "unknown-translation")
    elif not isinstance(own[name], form.ItemForm):
        known = own_words(own[name]).options
        wrong = [one for one in words.options if one not in known and not getattr(own[name], "scale", None)]
        for one in wrong:
            message = f'"{name}" has no option "{one}".{suggestion(one, known)}'
            yield Issue(*document.at(section, name, "options", one), message, "unknown-translation")


def unknown_scale(at: tuple[str, int], scale: str, shelf: Shelf) -> Issue:
    """Return the fault of naming a scale that the bank does not have."""
    scales = shelf.scales.document.form if shelf.scales else None
    known = scales.scales if isinstance(scales, form.ScalesForm) else ()
    return Issue(*at, f'no scale "{scale}".{suggestion(scale, known)}', "unknown-scale")
