"""A first flow from a few answers: its file, and a first talk through it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.channels.console import NAME
from bot.translating import quoted
from flows import engine, transcript
from flows.examples import filled
from flows.model import Allocate, BestWorst, Context, Review
from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from flows.model import Flow, Turn

OFFERING = ("choose", "pick", "rank", "allocate", "bestworst")
"""Verbs whose options an author writes."""
PARTS = "|"
LEADS_TO = ">"
THANKS = "thanks"
"""The state of every frame that follows the last question."""
_LONGEST_ID = 24
_LONGEST_TALK = 100
"""Turns after which a talk that has not come to its end is left."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One answer to offer; `to` names the question it leads to, empty where the question's own next follows."""

    label: str
    to: str = ""

    @classmethod
    def read(cls, text: str) -> Offer:
        """Read `Open later` or `Open later > which_day`."""
        label, _, to = text.partition(LEADS_TO)
        return cls(label.strip(), to.strip())


@dataclass(frozen=True, slots=True)
class Draft:
    """One question of a flow to be; `to` names the next one, empty: the one that follows."""

    name: str
    verb: str
    text: str
    offers: tuple[Offer, ...] = ()
    scale: str = ""
    to: str = ""

    @classmethod
    def read(cls, text: str) -> Draft:
        """Read `NAME | VERB | QUESTION | ANSWER | ANSWER > NAME | > NEXT`; of a rate its scale in place of answers.

        Raises ValueError where one of the first three is missing.
        """
        name, verb, asked, *rest = [part.strip() for part in text.split(PARTS)]
        if not asked:
            raise ValueError(text)
        to = next((part[1:].strip() for part in rest if part.startswith(LEADS_TO)), "")
        said = [part for part in rest if part and not part.startswith(LEADS_TO)]
        if verb == "rate":
            return cls(name, verb, asked, (), said[0] if said else "", to)
        return cls(name, verb, asked, tuple(map(Offer.read, said)), "", to)

    def named(self) -> set[str]:
        """Return the questions it leads to by name."""
        return {name for name in (self.to, *(offer.to for offer in self.offers)) if name}


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a new flow's file says."""

    flow: str
    title: str
    stage: str
    language: str
    frame: str
    drafts: tuple[Draft, ...]

    def missing(self) -> list[str]:
        """Return the questions that are named and not there yet, in the order they are named."""
        there = {draft.name for draft in self.drafts} | {THANKS}
        named = [name for draft in self.drafts for name in (*(o.to for o in draft.offers), draft.to) if name]
        return list(dict.fromkeys(name for name in named if name not in there))

    def toml(self) -> str:
        """Return the file."""
        head = {"flow": self.flow, "stage": self.stage, "language": self.language, "title": self.title}
        lines = [f"{key} = {quoted(value)}" for key, value in head.items()]
        lines[1:1] = ["version = 1"]
        lines += [f"frame = {quoted(self.frame)}", f"start = {quoted(self.drafts[0].name)}"]
        following = [*(draft.name for draft in self.drafts[1:]), THANKS]
        for draft, next_ in zip(self.drafts, following, strict=True):
            lines += ["", *_state(draft, draft.to or next_)]
        return "\n".join(lines) + "\n"


def _state(draft: Draft, to: str) -> Iterator[str]:
    yield f"[states.{draft.name}]"
    yield f"{draft.verb} = {quoted(draft.text)}"
    if draft.offers:
        yield "options = ["
        ids = list(_ids([offer.label for offer in draft.offers]))
        yield from (f"  {_option(id_, offer)}," for id_, offer in zip(ids, draft.offers, strict=True))
        yield "]"
    if draft.scale:
        yield f"scale = {quoted(draft.scale)}"
    yield f"next = {quoted(to)}"


def _option(id_: str, offer: Offer) -> str:
    to = f", next = {quoted(offer.to)}" if offer.to else ""
    return f"{{ id = {quoted(id_)}, label = {quoted(offer.label)}{to} }}"


def _ids(labels: Sequence[str]) -> Iterator[str]:
    """Give an id for each label: its first words, or a number where these are of another script or taken."""
    taken: set[str] = set()
    for number, label in enumerate(labels, 1):
        id_ = short_name(label, taken) or f"answer_{number}"
        taken.add(id_)
        yield id_


def short_name(text: str, taken: Collection[str] = ()) -> str:
    """Return a name for files made of the first words of `text`; empty where there is none or it is taken."""
    words = re.findall(r"[a-z0-9]+", fold(text))
    name = ""
    for word in words:
        longer = f"{name}_{word}".strip("_")
        if len(longer) > _LONGEST_ID:
            break
        name = longer
    return "" if name in taken else name


def first_talk(flow: Flow, now: datetime) -> str:
    """Return a transcript of somebody who takes the first answer everywhere and leaves out what needs words."""
    played = filled(flow)
    turn = engine.start(played, Context(flow.language, NAME, tag=transcript.TAG, receipt=transcript.RECEIPT), now)
    kept = [transcript.said(turn.prompts)]
    for _ in range(_LONGEST_TALK):
        if not turn.session.active:
            break
        sent = _first_answer(turn, played)
        buttons = [button for prompt in turn.prompts for button in prompt.buttons]
        turn = engine.advance(played, turn.session, transcript.message(sent, buttons), now)
        kept += [transcript.heard(sent), transcript.said(turn.prompts)]
    return (
        transcript.head_text(transcript.head_of(flow, flow.language, now))
        + "".join(kept)
        + transcript.ending(turn.session)
    )


def _first_answer(turn: Turn, flow: Flow) -> str:
    """Return what to say: the first option, else the help that goes on from here, else some words."""
    buttons = [button for prompt in turn.prompts for button in prompt.buttons]
    helps = [button.label for button in buttons if button.helper]
    match flow.script(flow.language).states[turn.session.state]:
        case Review():
            return f"(tap {helps[-1]})"
        case Allocate(points=points, options=options):
            return ", ".join([str(points), *["0"] * (len(options) - 1)])
        case BestWorst():
            return "1, 2"
        case _ if len(helps) < len(buttons):
            return "1"
        case _:
            return f"(tap {helps[0]})" if helps else flow.title.get(flow.language, flow.id)
