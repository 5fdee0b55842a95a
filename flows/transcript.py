"""A conversation as plain text: written by organisers, played by the tests, saved by `play`.

    flow: opening_hours
    language: en
    value.service: the town library

    < Which change would help you most?
        1 Open later
        2 Book online
    > 2
    < Why does that matter to you? You can send SKIP.
    > SKIP
    = completed  priority=online  why=

`<` is what the bot says, its options numbered below; `>` is what the citizen sends: words, or `(tap 2)`, `(tap Skip)`,
`(place 40.41,-3.70)`, `(place live)`, `(photo a caption)`, `(voice a caption)`, `(sticker)`, `(edit why) other words`;
`(wait)`: nothing, until the bot goes on by itself. `=` is how it ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from itertools import zip_longest
from typing import TYPE_CHECKING

from flows.model import Kind, Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from flows.model import Button, Flow, Prompt, Session, Value

RECEIPT = "K7M2-9QXR"
"""The receipt in talks that are kept as transcripts: the same in each, so that they can be played again."""
TAG = "tag"
"""The tag of the session in such talks, from which the order of cards follows."""

_HEADER = re.compile(r"^(?P<key>[a-z_]+(?:\.[a-z_.]+)?): ?(?P<value>.*)$")
_ACTS = "tap|place|photo|voice|sticker|edit|wait"
_ACT = re.compile(rf"^\((?P<act>{_ACTS})(?: (?P<what>[^)]*))?\) ?(?P<rest>.*)$", re.DOTALL)
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a file of a conversation holds: its head and what the citizen sends, line by line."""

    head: Mapping[str, str] = field(default_factory=dict)
    sent: tuple[str, ...] = ()
    text: str = ""
    """The conversation without its head, as it stands in the file."""
    notes: tuple[str, ...] = ()
    """Comment lines at the top."""
    begins: int = 1
    """The line of the file on which the conversation begins."""


def read(text: str) -> Transcript:
    """Read a transcript file."""
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    start = next((at for at, line in enumerate(lines) if line[:1] in {"<", ">", "="} and line), len(lines))
    head = {match["key"]: match["value"] for line in lines[:start] if (match := _HEADER.match(line))}
    notes = tuple(line for line in lines[:start] if line.startswith("#"))
    body = lines[start:]
    return Transcript(head, tuple(_sent(body)), "\n".join(body) + "\n", notes, start + 1)


def _sent(lines: Sequence[str]) -> Iterable[str]:
    for at, line in enumerate(lines):
        if line.startswith(">"):
            more = []
            for following in lines[at + 1 :]:
                if following[:1] in {"<", ">", "="} and following:
                    break
                more.append(following.removeprefix(_INDENT))
            yield "\n".join([line[1:].removeprefix(" "), *more])


def head_of(flow: Flow, language: str, now: datetime, **more: str) -> dict[str, str]:
    """Return the head of a talk that is kept now; its day stands in it, since people answer "today"."""
    return {"flow": flow.id, "version": str(flow.version), "language": language, "on": now.date().isoformat(), **more}


def moment(head: Mapping[str, str], otherwise: datetime) -> datetime:
    """Return when a talk is played: noon UTC of the day in its head; where that names none, `otherwise`."""
    try:
        return datetime.combine(date.fromisoformat(head.get("on", "")), time(12), UTC)
    except ValueError:
        return otherwise


def head_text(head: Mapping[str, str], notes: Sequence[str] = ()) -> str:
    """Return the top of a transcript file."""
    return "\n".join([*notes, *(f"{key}: {value}" for key, value in head.items())]) + "\n\n"


def said(prompts: Iterable[Prompt]) -> str:
    """Return what the bot says as lines of a transcript, options numbered, helpers left out."""
    return "".join(_said(prompt) for prompt in prompts)


def _said(prompt: Prompt) -> str:
    options = [button for button in prompt.buttons if not button.helper]
    shown = [f"    {n} {'✓ ' * one.ticked}{one.label}" for n, one in enumerate(options, 1)]
    if options and not prompt.numbered:  # they are no answers by number: what they say is what can be sent
        shown = ["    " + " ".join(f"[{one.label}]" for one in options)]
    return "\n".join([*_marked("<", prompt.text), *shown]) + "\n"


def _marked(mark: str, text: str) -> list[str]:
    first, *more = text.strip("\n").split("\n")
    return [f"{mark} {first}".rstrip(), *((_INDENT + line).rstrip() for line in more)]


def heard(sent: str) -> str:
    """Return what the citizen sent as lines of a transcript."""
    return "\n".join(_marked(">", sent)) + "\n"


def ending(session: Session) -> str:
    """Return the last line: how the session stands and every answer by state."""
    answers = [f"{one.state}={_value(one.value)}" for one in session.answers.values()]
    return "  ".join([f"= {session.status.value}", *answers]) + "\n"


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, float | int):
        return f"{value:.15g}"
    return (value or "").replace("\n", " / ")


def message(sent: str, buttons: Sequence[Button] = ()) -> Message:
    """Return the message that a `>` line stands for; `buttons` are the ones last shown."""
    act = _ACT.match(sent)
    if act is None:
        return Message(Kind.TEXT, sent)
    what = (act["what"] or "").strip()
    match act["act"]:
        case "tap":
            return Message(Kind.TAP, data=_data(what, buttons))
        case "place":
            return _place(what)
        case "photo":
            return Message(Kind.PHOTO, what, file="photo-1")
        case "voice":
            return Message(Kind.VOICE, what, file="voice-1")
        case "edit":
            return Message(Kind.TEXT, act["rest"], amends=what)
        case "wait":
            return Message(Kind.SILENCE)
        case _:
            return Message(Kind.OTHER)


def _place(what: str) -> Message:
    if what == "live":
        return Message(Kind.PLACE, latitude=0.0, longitude=0.0, live=True)
    latitude, _, longitude = what.partition(",")
    try:
        return Message(Kind.PLACE, latitude=float(latitude), longitude=float(longitude))
    except ValueError:
        return Message(Kind.PLACE)


def _data(what: str, buttons: Sequence[Button]) -> str:
    """Return what the button carries that `what` names by number or by label; else `what` itself."""
    numbered = {str(n): button.data for n, button in enumerate(buttons, 1)}
    labelled = {button.label.casefold(): button.data for button in buttons}
    return labelled.get(what.casefold()) or numbered.get(what) or what


def matches(expected: str, actual: str) -> bool:
    """Return whether a written conversation fits the one that happened; `...` at a line's end stands for its rest."""
    return difference(expected, actual) is None


def difference(expected: str, actual: str) -> tuple[int, str, str] | None:
    """Return the first line that does not fit, counted from 0, as written and as it happened; None where all do."""
    lines = enumerate(zip_longest(_lines(expected), _lines(actual), fillvalue=""))
    return next(((n, wanted, got) for n, (wanted, got) in lines if not _fits(wanted, got)), None)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().split("\n")]


def _fits(wanted: str, got: str) -> bool:
    return got.startswith(wanted[:-3].rstrip()) if wanted.endswith("...") else wanted == got
