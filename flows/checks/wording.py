"""Whether what citizens read is plain: short, in everyday words, calm, asking one thing without suggesting an answer.

Every text is looked at once, where it was written: in its flow, its frame, the bank, the scales, the bot's sentences.
The limits are house rules for B1 texts on a phone: they catch long texts and known words. People still read along.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from flows import form
from flows.checks.codes import issue
from flows.examples import example_values
from flows.issues import STRICTEST
from flows.phrasebook import EVERYWHERE
from flows.plain import words
from flows.shelf import language_of
from flows.words import fill, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flows.issues import Issue
    from flows.plain import Plain
    from flows.reading import Document
    from flows.shelf import Sheet, Shelf

SENTENCE, QUESTION = 20, 16
"""Most words."""

MESSAGE, LABEL = 280, 45
"""Most characters."""

PROBE = 2
"""Words of a question that only asks on ("What?"), and is none of its own."""

SHOUT, SHOUTS = 7, 3
"""A word in capitals of so many letters shouts, and so many words in capitals in a row."""

Kind = Literal["question", "saying", "why", "label"]

_COUNTED = {"n": "6", "minutes": "3", "k": "4", "receipt": "K7M2-9QXR", "most": "3", "least": "1"}
_SAYING = frozenset({"say", "end", "review"})


@dataclass(frozen=True, slots=True)
class Text:
    """One text as it was written: what it is, whose, in which language, and where."""

    at: tuple[str, int]
    language: str
    kind: Kind
    name: str
    words: str
    asks: int = 1
    """How many questions it asks by its nature: best and worst are two."""
    is_ours: bool = False
    """Whether it is a frame's or the bot's own: what must be told at once, such as the law or HELP, may be long."""


def read_along(shelf: Shelf, plain: Callable[[str], Plain]) -> list[Issue]:
    """Return what is not plain in any file on the shelf. `plain` gives the rules of a language."""
    return [issue for text in texts(shelf) for issue in _faults(text, plain(text.language), shelf)]


# --------------------------------------------------------------------------- which texts there are


def texts(shelf: Shelf) -> Iterator[Text]:
    """Yield every text that a citizen may read; of a flow those of its newest version."""
    for sheet in _sheets(shelf):
        for document in (sheet.document, *sheet.translations.values()):
            yield from _of_document(document)
    for document in shelf.phrases.values():
        yield from _of_phrases(document)


def _sheets(shelf: Shelf) -> list[Sheet]:
    newest = {flow: sheet for (flow, _), sheet in sorted(shelf.flows.items(), key=lambda one: one[0])}
    scales = [shelf.scales] if shelf.scales else []
    return [*newest.values(), *shelf.frames.values(), *shelf.banks.values(), *scales]


def _of_document(document: Document) -> Iterator[Text]:
    language = language_of(document)
    if title := getattr(document.form, "title", None):
        yield Text(document.at("title"), language, "saying", "title", title)
    if dont_know := getattr(document.form, "dont_know", None):
        yield Text(document.at("dont_know"), language, "label", "dont_know", dont_know.label)
    is_ours = _is_frame(document.form)
    for section in ("states", "items", "scales"):
        for name, made in getattr(document.form, section, {}).items():
            yield from (replace(one, is_ours=is_ours) for one in _of_part(document, language, (section, name), made))


def _is_frame(made: form.Form) -> bool:
    return isinstance(made, form.FrameForm) or (isinstance(made, form.TranslationForm) and made.of.frame is not None)


def _of_part(document: Document, language: str, path: tuple[str, str], made: form.Form) -> Iterator[Text]:
    for verb in form.VERBS:
        if said := getattr(made, verb, None):
            kind: Kind = "saying" if verb in _SAYING else "question"
            yield Text(document.at(*path, verb), language, kind, path[1], said, 2 if verb == "bestworst" else 1)
    if why := getattr(made, "why", None):
        yield Text(document.at(*path, "why"), language, "why", path[1], why)
    options = getattr(made, "options", None) or ()
    if isinstance(options, dict):
        labels = [((*path, "options", one), label) for one, label in options.items()]
    else:
        labels = [((*path, "options", number), one.label) for number, one in enumerate(options)]
    yield from (Text(document.at(*at), language, "label", path[1], label) for at, label in labels)


def _of_phrases(document: Document) -> Iterator[Text]:
    if isinstance(document.form, form.PhrasesForm):
        for key, said in document.form.phrases.items():
            kind: Kind = "label" if key.endswith("_label") else "saying"
            yield Text(document.at("phrases", key), document.form.language, kind, key, said, is_ours=True)


# --------------------------------------------------------------------------- what is wrong with one


def _faults(text: Text, plain: Plain, shelf: Shelf) -> Iterator[Issue]:
    for message, code in _judged(text, plain, shelf):
        yield issue(text.at, f'"{text.name}" ({text.language}): {message}', code)


def _judged(text: Text, plain: Plain, shelf: Shelf) -> Iterator[tuple[str, str]]:
    filled = fill(text.words, {**example_values(text.language), **_COUNTED})
    if text.kind == "label":
        yield from _label(filled)
    else:
        yield from _lengths(filled, plain)
        yield from _long(filled, by_paragraph=text.is_ours)
        yield from _passive(text.words, plain)
    yield from _hard(text.words, plain)
    yield from _shouted(filled, _said_in_capitals(shelf, text.language))
    if text.kind == "question":
        yield from _asked(text.words, text.asks, plain)


def _label(label: str) -> Iterator[tuple[str, str]]:
    if not any(character.isalnum() for character in label):
        yield f'"{label}" has no word. Write in words what it means; a picture may stand beside it.', "emoji-only"
    elif LABEL < len(label) <= STRICTEST["telegram"].label:  # a longer one is told as what the channel cannot show
        yield f"this label has {len(label)} characters; a phone shows {LABEL}. Say it in less.", "long-label"


def _lengths(text: str, plain: Plain) -> Iterator[tuple[str, str]]:
    for sentence in plain.sentences(text):
        asked = plain.question(sentence)
        count, most = len(words(asked or sentence)), QUESTION if asked else SENTENCE
        if count > most:
            what, code = ("question", "long-question") if asked else ("sentence", "long-sentence")
            yield f"a {what} of {count} words, at most {most}: “{_begin(sentence)}” Make two of it, or cut it.", code


def _long(text: str, *, by_paragraph: bool) -> Iterator[tuple[str, str]]:
    what, mend = ("paragraph", "Leave a line empty.") if by_paragraph else ("message", "Cut it, or say it in two.")
    for part in text.split("\n") if by_paragraph else [text.strip()]:
        if MESSAGE < len(part) <= STRICTEST["telegram"].text:  # a longer one is told as what the channel cannot take
            message = f"{len(part)} characters in one {what}, at most {MESSAGE}: “{_begin(part)}” {mend}"
            yield message, "long-message"


def _passive(text: str, plain: Plain) -> Iterator[tuple[str, str]]:
    for sentence in plain.sentences(text):
        if said := plain.hidden_doer(sentence):
            yield f'"{said}" names last who does it. Begin with who: "We decide", not "It is decided by us".', "passive"


def _begin(text: str) -> str:
    return f"{' '.join(text.split()[:6])} …"


def _hard(text: str, plain: Plain) -> Iterator[tuple[str, str]]:
    for hard, instead in plain.hard_words(text):
        yield f'"{hard}" is a word of offices. Say: {instead}.', "jargon"


def _asked(question: str, most: int, plain: Plain) -> Iterator[tuple[str, str]]:
    if led := plain.led(question):
        yield f'"{led[0]}" suggests an answer. Ask for example: {led[1]}', "leading-question"
    sentences = [one for one in plain.sentences(question) if plain.question(one)]
    asked = [one for n, one in enumerate(sentences) if n == 0 or len(words(one)) > PROBE]
    if len(asked) > most:
        yield f"{len(asked)} questions in one message. Ask them one by one.", "double-question"
    elif doubled := plain.doubled(question):
        yield f'"{doubled}" asks two things at once. Make two questions of it.', "double-question"


# --------------------------------------------------------------------------- capitals

_CAPITALS = re.compile(r"[^\W\d_]{2,}")


def _shouted(text: str, allowed: frozenset[str]) -> Iterator[tuple[str, str]]:
    run: list[str] = []
    for word in [*_CAPITALS.findall(text), ""]:
        if word.isupper() and fold(word) not in allowed:
            run.append(word)
            continue
        if len(run) >= SHOUTS or any(len(one) >= SHOUT for one in run):
            yield f'"{" ".join(run)}" in capitals reads as shouting. Use small letters.', "shouting"
        run = []


def _said_in_capitals(shelf: Shelf, language: str) -> frozenset[str]:
    """Return the words people send (STOP, SKIP), which texts show in capitals."""
    phrases = shelf.phrases.get(language)
    own: Mapping[str, list[str]] = getattr(phrases.form, "words", {}) if phrases else {}
    sent = {fold(one) for several in own.values() for one in several}
    return frozenset({*EVERYWHERE, "ok", *sent})
