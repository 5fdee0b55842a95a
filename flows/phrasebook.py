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
        "choose_again": (),  # a choose or rate answer was not understood; the question follows
        "pick_again": (),  # a pick answer was not understood: numbers with commas do
        "pick_hint": (),  # after a pick question: more than one may be chosen
        "pick_few": ("least",),  # fewer ticked than `least`
        "pick_many": ("most",),  # more ticked than `most`
        "pick_alone": ("label",),  # an exclusive option was typed together with others
        "text_again": (),  # a photo, pin or sticker where words were asked
        "text_short": ("least",),  # fewer characters than `least`
        "text_long": ("most", "length"),  # more characters than `most`; `length` were sent
        "number_again": ("example",),  # no number in it
        "number_low": ("least", "unit"),
        "number_high": ("most", "unit"),
        "number_whole": (),  # a fraction where whole numbers are asked
        "place_again": (),  # neither a pin nor words
        "place_live": (),  # a live (moving) pin is refused kindly
        "photo_again": (),  # no picture
        "unknown_command": (),  # a command we do not know, `/foo`
        "skip_hint": (),  # after an optional free question: "You can send SKIP."
        "skip_refused": (),  # SKIP where an answer is needed
        "offer_skip": (),  # third failed try, optional question: SKIP or HUMAN
        "offer_human": (),  # third failed try, question that cannot be skipped: HUMAN or STOP
        "back_refused": (),  # BACK at the first question
        "old_button": (),  # a tap on a button of an earlier question; today's question follows
        "help": (),  # HELP: what can be sent here; the question follows
        "why_default": (),  # WHY where the author gave no reason
        "language_choose": (),  # LANGUAGE: the languages follow as options
        "language_only": (),  # LANGUAGE where there is only one
        "language_name": (),  # the language's name in itself: English, Español
        "stopped": (),  # STOP: goodbye, how to come back
        "finished": (),  # a message after the end
        "change_list": ("list",),  # CHANGE: the answers so far by number; OK goes on
        "change_none": (),  # CHANGE before anything was answered
        "change_again": (),  # neither OK nor a number of the list
        "changed": (),  # the change is kept
        "amend_refused": (),  # an edited message that is no valid answer, or whose answer no longer stands
        "skipped": (),  # in a list of answers: this one was skipped
        "pin": (),  # in a list of answers: a shared position
        "picture": (),  # in a list of answers: a photo
        "button_skip": (),
        "button_done": (),
        "button_ok": (),
        "urgent": (),  # words of danger where the frame has no `urgent` state
    }
)

EVERYWHERE = ("stop", "skip", "back", "help", "why", "human", "mydata", "change", "delete", "language")
"""Words a citizen may send at any moment, as a word or as a command."""

WORDS = (*EVERYWHERE, "ok", "yes", "no", "done", "and")
"""All keys of `[words]`; `and` joins picks ("1 and 3"), `done` ends them."""

AT_PLAY = frozenset({"receipt", "list"})
"""Placeholders the engine fills while it plays."""

AT_BINDING = frozenset({"n", "minutes"})
"""Placeholders that follow from the flow itself."""

FROM_ROUND = frozenset(
    "city org service topic decider decided_on open_points fixed_points influence task law keep_until privacy_url "
    "min_age closes_on feedback_on round_url human_contact emergency_number hazard area outcome k idea".split()
)
"""Placeholders the round's record and the city fill."""

PLACEHOLDERS = AT_PLAY | AT_BINDING | FROM_ROUND
"""Every name an author may put in braces."""
