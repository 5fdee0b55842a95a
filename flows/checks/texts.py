"""Whether every text of a flow can be shown and answered: gaps, lengths, labels, buttons, sentences of the bot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.checks.codes import issue
from flows.issues import suggestion
from flows.phrasebook import EVERYWHERE, PHRASES, PLACEHOLDERS
from flows.words import fold, placeholders

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flows.issues import Issue, Limits, Where
    from flows.model import Flow, Option, Script, State

BUTTON_BYTES = 64
"""What a button may carry (Bot API, callback_data)."""

TAG_BYTES = 12
"""Room kept in a button for a session's tag."""

LIST_ID_BYTES = 24
"""Room kept in a button for an id of a list that the round brings."""


def shown(flow: Flow, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    """Yield what is wrong with the texts, in all languages."""
    yield from _texts(flow, where, channels)
    yield from _labels(flow, where, channels)
    yield from _buttons(flow, where)
    yield from _phrases(flow)


def _texts(flow: Flow, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    for script in flow.scripts.values():
        for state in script.states.values():
            yield from _placeholders(state, script, where)
            yield from _too_long(state, script, where, channels)
    yield from _too_many(flow, where, channels)


def _too_many(flow: Flow, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    for state in flow.scripts[flow.language].states.values():
        count = len(getattr(state, "options", ()))
        for channel, limits in channels.items():
            if count > limits.buttons:
                message = f'"{state.id}" offers {count} answers; {channel} has {limits.buttons} buttons. Offer fewer.'
                yield issue(where(state.id, "options"), message, "too-many-options")


def _placeholders(state: State, script: Script, where: Where) -> Iterator[Issue]:
    for name in sorted({name for said in _said(state).values() for name in placeholders(said)}):
        if name not in PLACEHOLDERS:
            yield issue(
                where(state.id, *_slot(state, name), language=script.language),
                f'state "{state.id}" ({script.language}): no placeholder {{{name}}}.{suggestion(name, PLACEHOLDERS)}',
                "unknown-placeholder",
            )


def _slot(state: State, name: str) -> tuple[str | int, ...]:
    """Return in which of a state's words a placeholder stands first."""
    return next(slot for slot, said in _said(state).items() if name in placeholders(said))


def _said(state: State) -> dict[tuple[str | int, ...], str]:
    """Return what a state says, by where it stands in it; the text stands for the state."""
    labels: dict[tuple[str | int, ...], str] = {
        ("options", number): option.label for number, option in enumerate(getattr(state, "options", ()))
    }
    return {(): state.text, ("why",): state.why, **labels}


def _too_long(state: State, script: Script, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    length = len(state.text) + sum(len(option.label) + 4 for option in getattr(state, "options", ()))
    for channel, limits in channels.items():
        if length > limits.text:
            yield issue(
                where(state.id, language=script.language),
                f'state "{state.id}" ({script.language}) has {length} characters; {channel} takes {limits.text}. '
                "Say it in less, or in two states.",
                "text-too-long",
            )


def _labels(flow: Flow, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    for script in flow.scripts.values():
        for state in script.states.values():
            for number, option in enumerate(getattr(state, "options", ())):
                at = where(state.id, "options", number, language=script.language)
                for fault, code in _label_faults(option.label, script, channels):
                    yield issue(at, f'option "{option.id}" ({script.language}): {fault}', code)
            yield from _same_labels(state, script, where)


def _label_faults(label: str, script: Script, channels: Mapping[str, Limits]) -> Iterator[tuple[str, str]]:
    for channel, limits in channels.items():
        if len(label) > limits.label:
            yield (
                f"its label has {len(label)} characters; {channel} shows {limits.label}. Say it in less.",
                "label-too-long",
            )
    word = script.words.get(fold(label))
    if word in EVERYWHERE:
        yield f'its label "{label}" is what people send for {word.upper()}. Use other words.', "label-is-word"
    if fold(label).isdigit():
        yield f'its label "{label}" is a number, which people send for its place. Add a word.', "label-is-number"


def _same_labels(state: State, script: Script, where: Where) -> Iterator[Issue]:
    alike: dict[str, list[Option]] = {}
    for option in getattr(state, "options", ()):
        alike.setdefault(fold(option.label) or option.label, []).append(option)
    for same in alike.values():
        if len({option.id for option in same}) > 1:
            yield issue(
                where(state.id, "options", language=script.language),
                f'state "{state.id}" ({script.language}): {len(same)} options read "{same[0].label}". Tell them apart.',
                "same-label",
            )


def _buttons(flow: Flow, where: Where) -> Iterator[Issue]:
    for state in flow.scripts[flow.language].states.values():
        longest = max((len(option.id) for option in getattr(state, "options", ())), default=5)
        if getattr(state, "options_from", None):
            longest = max(longest, LIST_ID_BYTES)
        size = TAG_BYTES + len(state.id) + longest + 2
        if size > BUTTON_BYTES:
            yield issue(
                where(state.id),
                f'state "{state.id}": a button can carry {BUTTON_BYTES} bytes, this needs {size}. '
                "Shorten the state's or the option's id.",
                "button-too-long",
            )


def _phrases(flow: Flow) -> Iterator[Issue]:
    """Sentences of the engine that a language lacks."""
    for script in flow.scripts.values():
        known = script.phrases
        missing = [key for key in PHRASES if known and key not in known and key not in _REPLACED]
        for key in missing:
            yield issue(
                (f"frames/phrases.{script.language}.toml" if script.language != "en" else "frames/phrases.toml", 1),
                f'no phrase "{key}" in "{script.language}". Add it under [phrases].',
                "missing-phrase",
            )


_REPLACED = frozenset({"urgent"})
"""Phrases that a frame's state stands in for."""
