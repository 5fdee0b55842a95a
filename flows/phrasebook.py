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
        "anew_label": (),  # give all points again, from the first option
        "today_label": (),
        "yesterday_label": (),
        "skip_hint": (),  # after an optional free question
        "pick_hint": (),  # after a pick question: more than one may be chosen
        "pick_most_hint": ("most",),
        "rank_hint": ("example",),  # after a rank question: tap in order, or send numbers
        "allocate_hint": ("points", "count", "example"),  # numbers for all at once, in the options' order
        "allocate_next": ("label", "left"),  # which option is asked now; `left` points are left
        "allocate_line": ("label", "points"),  # what an option got: one line of a list
        "bestworst_best": ("card", "cards"),  # this card of so many: tap the best, or send two numbers
        "bestworst_last": ("card", "cards"),  # the best is ticked: tap the last
        "bestworst_skip": (),  # a card may be left out
        "number_hint": ("least", "most"),
        "date_hint": (),
        "place_hint": (),
        "photo_hint": (),
        "voice_hint": (),
        "choose_again": (),  # a choose answer was not understood; the question follows
        "rate_again": (),
        "pick_again": (),  # numbers with commas do
        "pick_too_few": ("least",),
        "pick_too_many": ("most",),
        "pick_alone": ("label",),  # an exclusive option was typed together with others
        "rank_again": ("example",),
        "rank_twice": ("label",),  # one option on two places
        "allocate_again": ("points", "count", "example"),  # no points for these options in it
        "allocate_too_few": ("sum", "points", "left"),  # `left` are still to be given
        "allocate_too_many": ("sum", "points", "left"),  # `left` too many were given
        "allocate_over": ("left",),  # more for one option than are left
        "bestworst_again": (),  # one option of the card, or two different ones
        "ask_again": (),  # a photo or pin where words were asked
        "ask_too_short": ("least",),
        "join_hint": (),  # after an ask question to which several messages may be one answer; DONE goes on
        "join_too_long": ("most",),  # too much together with what was sent before, which stays
        "ask_too_long": ("most", "length"),  # `length` characters were sent
        "ask_digits": (),  # something else than digits where only they are asked
        "number_again": ("example",),  # no number in it
        "number_too_low": ("least",),
        "number_too_high": ("most",),
        "number_whole": ("example",),  # a fraction where whole numbers are asked
        "date_again": ("example",),  # no day in it
        "date_unclear": ("first", "second"),  # the digits can mean both days
        "date_read": ("date",),  # how digits were read that others might read otherwise; the next question follows
        "date_too_early": ("least",),
        "date_too_late": ("most",),
        "place_again": (),  # neither a pin nor words
        "place_live": (),  # a live (moving) pin is refused kindly
        "photo_again": (),
        "voice_again": (),
        "other_kind": (),  # a sticker, a video, a file
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
        "voice_mark": (),
        "place_mark": (),
        "bestworst_line": ("best", "last"),  # what was said to one card
        "review_line": ("k", "question", "answer"),
        "urgent": (),  # words of danger where the frame has no `urgent` state
    }
)

EVERYWHERE = ("stop", "skip", "back", "help", "why", "human", "mydata", "change", "delete", "language")
"""Words a citizen may send at any moment, as a word or as a command."""

UNDERSTOOD = frozenset({"stop", "help", "delete", "yes", "no"})
"""Keys of `[words]` whose words are understood in a chat of another language, too."""
DOUBTFUL = frozenset({"alto", "arret", "baja", "end", "ende", "fim", "fin", "schluss"})
"""Words, folded, that only their own language takes for such a one: elsewhere they may as well be an answer."""

WORDS = (*EVERYWHERE, "ok", "yes", "no", "na", "done", "and", "today", "yesterday")
"""All keys of `[words]`; `and` joins picks ("1 and 3"), `done` ends them; `na`: does not know; two name days."""

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
