"""What an author should repair: every fault once, with file, line and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from rapidfuzz import fuzz, process

from flows.branching import ways
from flows.model import Ask, Choose, End, Number, Photo, Pick, Place, Rate, Say
from flows.phrasebook import EVERYWHERE, PHRASES, PLACEHOLDERS
from flows.words import fold, placeholders

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from flows.model import Flow, Option, Script, State

Severity = Literal["error", "warning"]

MOST_QUESTIONS = 15
"""No round asks more (US OMB circular A-11, section 280)."""

BUTTON_BYTES = 64
"""What a button may carry (Bot API, callback_data)."""

TAG_BYTES = 12
"""Room kept in a button for a session's tag."""

LIST_ID_BYTES = 24
"""Room kept in a button for an id of a list that the round brings."""

_QUESTIONS = (Choose, Pick, Rate, Ask, Number, Place, Photo)
_ASIDE = frozenset({"urgent"})


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One thing an author should repair; as text `ideas.toml, line 10: no state "priorty". Did you mean …?`."""

    file: str
    line: int
    message: str
    code: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """Return the line an author reads."""
        return f"{self.file}, line {self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel shows whole: characters of one message and of one button's label."""

    text: int = 4096
    label: int = 64


STRICTEST: Mapping[str, Limits] = {"telegram": Limits()}
"""Limits checked where the caller names no channels."""


class Where(Protocol):
    """Finds the file and line of a state, or of something in it (`"next"`, `"options", 2, "label"`)."""

    def __call__(self, state: str, *keys: str | int) -> tuple[str, int]:
        """Return (file, line)."""


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "…"?` for the nearest known name, or nothing where none is near."""
    found = nearest(wrong, known)
    return f' Did you mean "{found}"?' if found else ""


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or None where none is near."""
    found = process.extractOne(wrong, [*known], scorer=fuzz.ratio, score_cutoff=60)
    return found[0] if found else None


def check(
    flow: Flow,
    where: Where,
    channels: Mapping[str, Limits] = STRICTEST,
    *,
    whole: bool = True,
    gaps: Collection[str] = (),
) -> list[Issue]:
    """Return what is wrong with the way a compiled `flow` runs and reads, in all its languages.

    Where it is not `whole` (a file could not be read to its end) its ways are not judged. `gaps` are the states that
    could not be read; others are not blamed for them.
    """
    found = [
        *(_ways(flow, where, gaps) if whole else ()),
        *_too_many(flow, where),
        *_texts(flow, where, channels),
        *_labels(flow, where, channels),
        *_buttons(flow, where),
        *_phrases(flow),
    ]
    return sorted(set(found))


# --------------------------------------------------------------------------- ways


def _ways(flow: Flow, where: Where, gaps: Collection[str]) -> list[Issue]:
    """What is wrong with the ways. What only follows from another fault is left for the day that one is mended.

    A name that no state has is told elsewhere; here it leads where it was probably meant to, or to an end.
    """
    states = flow.scripts[flow.language].states
    edges = {state.id: [_meant(to, states) for to in ways(state)] for state in states.values()}
    sayings = {name: edges[name] for name in states if isinstance(states[name], Say) and name not in gaps}
    circling = [name for name in sayings if name in _spread([to for to in sayings[name] if to in sayings], sayings)]
    excused = {*gaps, *circling, *(name for name in states if None in edges[name])}
    return [
        *(_circle(name, where) for name in circling),
        *_unreachable(states, _meant(flow.start, states), edges, {*gaps, *circling}, where),
        *_endless(states, _meant(flow.start, states), edges, excused, where),
    ]


_Edges: TypeAlias = "Mapping[str, list[str | None]]"
"""By state the states its ways lead to; None for a name that is nobody's and like nobody's."""


def _meant(to: str, states: Mapping[str, State]) -> str | None:
    return to if to in states else nearest(to, states)


def _unreachable(
    states: Mapping[str, State], start: str | None, edges: _Edges, unsure: Collection[str], where: Where
) -> Iterator[Issue]:
    """States that no way leads to; an end is not blamed where another fault may keep everybody from it."""
    reached = _spread([start], edges)
    ends = {name for name in states if isinstance(states[name], End)}
    excused = _ASIDE | (ends if unsure and not ends & reached else set())
    for state in states if start else ():
        if state not in reached and state not in excused:
            yield Issue(
                *where(state),
                f'no way leads to state "{state}". Name it in a "next", or take it out.',
                "unreachable-state",
            )


def _endless(
    states: Mapping[str, State], start: str | None, edges: _Edges, excused: Collection[str], where: Where
) -> Iterator[Issue]:
    """Where the way breaks off; where it only goes round in a circle, the first state of the circle."""
    back: dict[str | None, list[str | None]] = {}
    for state, targets in edges.items():
        for to in targets:
            back.setdefault(to, []).append(state)
    ending = _spread([name for name in states if isinstance(states[name], End) or name in excused], back)
    endless = _spread([start], edges) - ending - _ASIDE
    lost = [name for name in states if name in endless]
    broken_off = [name for name in lost if not edges[name]]
    for name in broken_off or lost[:1]:
        yield Issue(*where(name), f'no way leads from state "{name}" to an end. Give it a "next".', "no-end")


def _spread(start: Iterable[str | None], edges: Mapping[Any, list[str | None]]) -> set[str | None]:
    found: set[str | None] = set()
    waiting = [*start]
    while waiting:
        at = waiting.pop()
        if at not in found:
            found.add(at)
            waiting.extend(edges.get(at, ()))
    return found


def _circle(state: str, where: Where) -> Issue:
    """A circle of sayings: the bot would talk for ever."""
    return Issue(
        *where(state, "next"),
        f'state "{state}" leads back to itself without a question. Ask something on the way.',
        "loop-without-question",
    )


def _too_many(flow: Flow, where: Where) -> Iterator[Issue]:
    if flow.questions > MOST_QUESTIONS:
        state = next(iter(flow.scripts[flow.language].states))
        yield Issue(
            where(state)[0],
            1,
            f"one citizen can meet {flow.questions} questions; at most {MOST_QUESTIONS} are bearable. Leave some out.",
            "too-many-questions",
        )


# --------------------------------------------------------------------------- words


def _texts(flow: Flow, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    for script in flow.scripts.values():
        for state in script.states.values():
            yield from _placeholders(state, script, where)
            yield from _too_long(state, script, where, channels)


def _placeholders(state: State, script: Script, where: Where) -> Iterator[Issue]:
    for name in sorted(placeholders(" ".join(_said(state)))):
        if name not in PLACEHOLDERS:
            yield Issue(
                *where(state.id),
                f'state "{state.id}" ({script.language}): no placeholder {{{name}}}.{suggestion(name, PLACEHOLDERS)}',
                "unknown-placeholder",
            )


def _said(state: State) -> list[str]:
    return [state.text, state.why, *(option.label for option in getattr(state, "options", ()))]


def _too_long(state: State, script: Script, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    length = len(state.text) + sum(len(option.label) + 4 for option in getattr(state, "options", ()))
    for channel, limits in channels.items():
        if length > limits.text:
            yield Issue(
                *where(state.id),
                f'state "{state.id}" ({script.language}) has {length} characters; {channel} takes {limits.text}. '
                "Say it in less, or in two states.",
                "text-too-long",
            )


def _labels(flow: Flow, where: Where, channels: Mapping[str, Limits]) -> Iterator[Issue]:
    for script in flow.scripts.values():
        for state in script.states.values():
            for number, option in enumerate(getattr(state, "options", ())):
                at = where(state.id, "options", number)
                for fault, code in _label_faults(option.label, script, channels):
                    yield Issue(*at, f'option "{option.id}" ({script.language}): {fault}', code)
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
            yield Issue(
                *where(state.id, "options"),
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
            yield Issue(
                *where(state.id),
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
            yield Issue(
                f"frames/phrases.{script.language}.toml" if script.language != "en" else "frames/phrases.toml",
                1,
                f'no phrase "{key}" in "{script.language}". Add it under [phrases].',
                "missing-phrase",
            )


_REPLACED = frozenset({"urgent"})
"""Phrases that a frame's state stands in for."""


def is_question(state: State) -> bool:
    """Return whether a state waits for an answer of its own (a review does not count)."""
    return isinstance(state, _QUESTIONS)
