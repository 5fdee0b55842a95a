"""The sentences the engine itself says, by key: what each means and which placeholders it may hold.

Their wording is data (`flows/frames/phrases.toml` and its translations). The front desk's sentences lie in the same
files; this list holds those without which no flow can be played.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PHRASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # key: placeholders it may hold                 said when
        "skip_label": (),  # buttons
        "done_label": (),
        "ok_label": (),
        "skip_hint": (),  # after an optional free question
        "pick_hint": (),  # after a pick question: more than one may be chosen
        "pick_most_hint": ("most",),
        "number_hint": ("least", "most"),
        "place_hint": (),
        "photo_hint": (),
        "choose_again": (),  # a choose answer was not understood; the question follows
        "rate_again": (),
        "pick_again": (),  # numbers with commas do
        "pick_too_few": ("least",),
        "pick_too_many": ("most",),
        "pick_alone": ("label",),  # an exclusive option was typed together with others
        "ask_again": (),  # a photo or pin where words were asked
        "ask_too_short": ("least",),
        "ask_too_long": ("most", "length"),  # `length` characters were sent
        "number_again": ("example",),  # no number in it
        "number_too_low": ("least",),
        "number_too_high": ("most",),
        "number_whole": ("example",),  # a fraction where whole numbers are asked
        "place_again": (),  # neither a pin nor words
        "place_live": (),  # a live (moving) pin is refused kindly
        "photo_again": (),
        "other_kind": (),  # a sticker, a voice note, a file
        "unknown_command": (),  # `/foo`
        "review_again": (),  # neither OK nor a number of the list
        "third_try": (),  # third failed try, optional question: SKIP or HUMAN
        "third_try_must": (),  # third failed try, question that cannot be skipped: HUMAN or STOP
        "cannot_skip": (),
        "old_button": (),  # a tap on a button of an earlier question; today's question follows
        "help": (),  # what can be sent here; the question follows
        "why_default": (),  # WHY where the author gave no reason
        "why_again": (),  # between the reason and the question
        "back_none": (),  # BACK at the first question
        "change_list": ("list",),  # CHANGE: the answers so far by number; OK goes on
        "change_none": (),  # CHANGE before anything was answered
        "changed": (),
        "amended": (),  # an edited message changed its answer
        "amend_failed": (),  # an edited message is no valid answer
        "amend_late": (),  # the answer of an edited message no longer stands
        "language_ask": (),  # LANGUAGE: the languages follow as options
        "language_set": (),
        "language_none": (),  # LANGUAGE where there is only one
        "language_name": (),  # the language's name in itself: English, Español
        "stopped": (),
        "already_ended": (),
        "skipped_mark": (),  # in a list of answers
        "photo_mark": (),
        "place_mark": (),
        "review_line": ("k", "question", "answer"),
        "urgent": (),  # words of danger where the frame has no `urgent` state
    }
)

EVERYWHERE = ("stop", "skip", "back", "help", "why", "human", "mydata", "change", "delete", "language")
"""Words a citizen may send at any moment, as a word or as a command."""

WORDS = (*EVERYWHERE, "ok", "yes", "no", "na", "done", "and")
"""All keys of `[words]`; `and` joins picks ("1 and 3"), `done` ends them; `na`: does not know."""

AT_PLAY = frozenset({"receipt", "list"})
"""Placeholders the engine fills while it plays."""

AT_BINDING = frozenset({"n", "minutes", "k"})
"""Placeholders that follow from the flow itself and from its lists."""

FROM_ROUND = frozenset(
    [
        "city",
        "org",
        "service",
        "topic",
        "decider",
        "decided_on",
        "open_points",
        "fixed_points",
        "influence",
        "task",
        "law",
        "keep_until",
        "privacy_url",
        "min_age",
        "closes_on",
        "feedback_on",
        "round_url",
        "human_contact",
        "emergency_number",
        "hazard",
        "area",
        "outcome",
        "idea",
    ]
)
"""Placeholders the round's record and the city fill."""

PLACEHOLDERS = AT_PLAY | AT_BINDING | FROM_ROUND
"""Every name an author may put in braces."""
