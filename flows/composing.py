"""A flow in each of its languages: words laid over its states, sentences of the bot, and what a language lacks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from flows import form, model
from flows.bank import Words
from flows.danger import entries
from flows.phrasebook import DOUBTFUL, PHRASES, UNDERSTOOD
from flows.shelf import laid, language_of, scale_words
from flows.translation import gaps, lay, told
from flows.words import placeholders, spellings, table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from flows.places import Place
    from flows.shelf import Sheet, Shelf


@dataclass(frozen=True, slots=True)
class Composer:
    """Puts the states of one flow into its languages; what a language lacks is reported."""

    shelf: Shelf
    sheet: Sheet
    places: Mapping[str, Place]
    gaps: Collection[str]
    """States that could not be made."""
    report: Callable[[tuple[str, int], str, str], None]
    """Takes a fault: where it is, what an author reads, its code."""

    def title(self, language: str) -> str:
        """Return the title in a language; its own words where it is not translated."""
        translation = self.sheet.translations.get(language)
        title = getattr(translation.form, "title", None) if translation else None
        if translation and not title:
            self.report(translation.at("title"), "the title is missing. Translate it.", "missing-translation")
        return str(title or getattr(self.sheet.document.form, "title", ""))

    def script(self, language: str, states: Mapping[str, model.State]) -> model.Script:
        """Return all that is said in a language."""
        phrases = self.shelf.phrases.get(language)
        spoken = phrases.form if phrases and isinstance(phrases.form, form.PhrasesForm) else None
        if spoken is None:
            self._report_silent(language)
            spoken = form.PhrasesForm.model_construct(
                language=language, phrases={}, words={}, danger=form.DangerForm(), commands={}
            )
        laid_states = {name: self._in_language(state, language) for name, state in states.items()}
        labels = {typed for table_ in tables(laid_states, {}).values() for typed in table_}
        words = understood_words(self.shelf, spoken, but=labels)
        return model.Script(
            language=language,
            states=MappingProxyType(laid_states),
            phrases=MappingProxyType(spoken.phrases),
            words=MappingProxyType(words),
            danger=entries(spoken.danger),
            tables=MappingProxyType(tables(laid_states, words)),
        )

    def _report_silent(self, language: str) -> None:
        document = self.sheet.translations.get(language, self.sheet.document)
        if not document.is_faulty("language"):
            message = f'there are no phrases in "{language}". Write frames/phrases.{language}.toml.'
            self.report(document.at("language"), message, "missing-translation")

    def _in_language(self, state: model.State, language: str) -> model.State:
        place = self.places.get(state.id)
        if place is None or state.id in self.gaps:
            return state
        words = self._words_for(state, place, language)
        for slot in gaps(state, words):
            self._report_gap(state, place, slot, language)
        return lay(state, words)

    def _words_for(self, state: model.State, place: Place, language: str) -> Words:
        own = laid(place.sheet, "states", place.name, place.made, language)
        item = self.shelf.bank.find(place.made.item) if isinstance(place.made, form.ItemForm) else None
        scale = getattr(place.made, "scale", None)
        if item:
            below = item.words.get(language) or Words()
            return own.over(replace(below, options={}) if getattr(place.made, "options", None) else below)
        return own.over(scale_words(self.shelf, scale, language)) if scale else own

    def _report_gap(self, state: model.State, place: Place, slot: str, language: str) -> None:
        item = getattr(state, "item", None)
        if item and not _is_overridden(place.made, slot):
            return  # told once for the bank, not for each flow that asks the item
        translation = place.sheet.translations.get(language)
        if place.scope.prefix:
            self._report_foreign(place, language)
            return
        document = translation or place.sheet.document
        message = f'{told(slot, state.id)} is missing in "{language}". Translate it.'
        if translation is None:
            message = f'"{document.file}" has no translation to "{language}". Write one beside it.'
        self.report(
            document.at("states", state.id) if translation else (document.file, 1), message, "missing-translation"
        )

    def _report_foreign(self, place: Place, language: str) -> None:
        """Tell that the flow handed over to lacks a whole language; what else it lacks is told of it alone."""
        if language not in place.sheet.translations and language != language_of(place.sheet.document):
            outer = self.places[place.id.partition(".")[0]]
            message = f'"{place.sheet.document.file}" has no translation to "{language}". Write one beside it.'
            self.report(outer.at("flow"), message, "missing-translation")


def _is_overridden(made: form.Form, slot: str) -> bool:
    return bool(getattr(made, "why" if slot == "why" else "options", None)) and slot != "text"


def spoken_words(spoken: form.PhrasesForm) -> dict[str, str]:
    """Return what may be typed, folded, to the key of `[words]` it means; the first key that claims a word has it."""
    found: dict[str, str] = {}
    for key, words in spoken.words.items():
        for word in words:
            for typed in spellings(word):
                found.setdefault(typed or word, key)
    return found


def understood_words(shelf: Shelf, spoken: form.PhrasesForm, but: Collection[str] = ()) -> dict[str, str]:
    """Return what may be typed in a language, with what can be nothing else in the other languages; `but`: labels."""
    words = spoken_words(spoken)
    others = [one.form for name, one in shelf.phrases.items() if name != spoken.language]
    found: dict[str, set[str]] = {}
    for other in others:
        for word, key in spoken_words(other).items() if isinstance(other, form.PhrasesForm) else ():
            found.setdefault(word, set()).add(key)
    for word, keys in sorted(found.items()):
        if (
            len(keys) == 1
            and (len(word) > 1 or not word.isalnum())
            and keys <= UNDERSTOOD
            and word not in DOUBTFUL
            and word not in but
        ):
            words.setdefault(word, *keys)
    return words


def tables(states: Mapping[str, model.State], words: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """Return for every state with options what may be typed for them."""
    return {name: table(state.options, words) for name, state in states.items() if hasattr(state, "options")}


def named_in(script: model.Script) -> set[str]:
    """Return the placeholders that a citizen may meet in this script."""
    states = [part for state in script.states.values() for part in (state.text, state.why, *_labels(state))]
    names = {name for text in states for name in placeholders(text)}
    for key, own in PHRASES.items():
        names |= placeholders(script.phrases.get(key, "")) - set(own)
    return names


def _labels(state: model.State) -> list[str]:
    return [option.label for option in getattr(state, "options", ())]
