"""Every kind of fault the check knows: its code, how grave it is, and what it says in a few words.

Codes are stable: other programs and people's notes refer to them. `docs/checks.md` shows an example of each.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from flows.issues import Issue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flows.issues import Severity

ERRORS: Mapping[str, str] = MappingProxyType(
    {
        # the file
        "not-text": "the file is no UTF-8 text",
        "too-large": "the file is too long or nested too deep to be a flow",
        "syntax": "a line is not valid TOML",
        "unknown-file": "nobody can tell what the file is",
        "empty": "the file has no states or questions",
        "duplicate-flow": "two files have the same name and version",
        "edited-version": "a version that a round has asked was edited without a new number",
        "duplicate-state": "a heading stands twice",
        "unknown-key": "a key does not exist here",
        "missing-key": "a key is missing",
        "bad-value": "a value is of the wrong kind",
        "verb": "a state does nothing, or two things",
        # what a state offers
        "bad-way": "an option leads on by itself where no answer is one option",
        "no-options": "a choice without options",
        "duplicate-option": "two options with the same id",
        "bad-limits": "least and most contradict each other",
        "unknown-item": "the bank has no such question",
        "unknown-scale": "the bank has no such scale",
        "unknown-frame": "there is no such frame",
        "unknown-flow": "there is no such flow to hand over to, or flows hand over in a circle",
        "frame-clash": "a state has the name of one of the frame",
        # the ways
        "unknown-state": "a way leads to a state that does not exist",
        "unreachable-state": "no way leads to a state",
        "no-end": "a way breaks off or never ends",
        "loop-without-question": "the bot would talk for ever",
        "endless-circle": "for some answers the questions come round for ever",
        "no-default": "a list of ways has none for all other answers",
        "bad-comparison": "a comparison that cannot be made",
        "dead-way": "a way that no answer takes",
        "dead-option": "an option whose own way nobody can take",
        "too-many-questions": "more than 15 questions for one citizen",
        "guarded": "a question about health, belief or the like",
        # the words
        "unknown-placeholder": "a gap that nothing fills",
        "text-too-long": "a text that a channel does not show whole",
        "label-too-long": "a label that a channel does not show whole",
        "too-many-options": "more options than a channel has buttons",
        "label-is-word": "a label that means something everywhere",
        "label-is-number": "a label that people would send for a place in the list",
        "same-label": "two options that read the same",
        "button-too-long": "ids too long for a button",
        "missing-phrase": "a language lacks a sentence of the bot",
        "missing-translation": "words that are not translated",
        "outdated-translation": "a translation of another version",
        "unknown-translation": "a translation of what is not there",
        "unknown-source": "a translation that belongs to no file",
    }
)
"""What must be mended: `civicloop check` ends with status 1."""

WARNINGS: Mapping[str, str] = MappingProxyType(
    {
        "promise": "it takes longer than it promises",
        "long-sentence": "a sentence of more than 20 words",
        "long-question": "a question of more than 16 words",
        "long-message": "a message of more than 280 characters",
        "long-label": "a label of more than 45 characters",
        "jargon": "a word of offices",
        "emoji-only": "an option without a word",
        "shouting": "words in capitals",
        "leading-question": "a question that suggests its answer",
        "double-question": "a question that asks two things",
        "unbalanced-scale": "more steps on one side of a scale than on the other",
        "scale-order": "a scale that does not go from best to worst",
        "scale-value": "a value that is no step from 1 to 5, or stands twice",
        "no-middle": "a scale of four steps or more without a middle",
    }
)
"""What should be mended: people would answer worse, or fewer would."""

INFOS: Mapping[str, str] = MappingProxyType(
    {
        "everybody-must": "a question that everybody meets and nobody may skip",
        "passive": "a sentence that names last who does something",
    }
)
"""What is worth a thought."""

CODES: Mapping[str, str] = MappingProxyType({**ERRORS, **WARNINGS, **INFOS})
"""What each code says."""

SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        **dict.fromkeys(ERRORS, "error"),
        **dict.fromkeys(WARNINGS, "warning"),
        **dict.fromkeys(INFOS, "info"),
    }
)
"""How grave a fault of each code is."""


def issue(at: tuple[str, int], message: str, code: str) -> Issue:
    """Return the fault at (file, line), as grave as its code says. Raises KeyError for a code nobody knows."""
    return Issue(*at, message, code, SEVERITIES[code])
