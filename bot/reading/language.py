"""Which language a short text is in: a guess among the city's languages that begins with the language of the chat.

`py3langid` says how likely a text is in each language. It is surer of short texts than it should be, so that its odds
are flattened; and most people write in the language their chat is in, so that it gets half of the weight beforehand.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from py3langid.langid import LanguageIdentifier

UNKNOWN = "und"
"""What a text is called whose language cannot be told (BCP 47: undetermined)."""
SURE = 0.7
"""A guess that is less likely than this is none."""
WEIGHT = 0.5
"""How likely the chat's language is before anything is read; the others share the rest."""
FLAT = 0.5
"""By how much the logarithms of the likelihoods are scaled: chosen with `WEIGHT` on the texts that are measured."""


def language_of(text: str, chat: str, languages: Sequence[str]) -> str:
    """Return the one of `languages` that `text` is in, or `UNKNOWN`. `chat` is the language the bot speaks there."""
    if not any(map(str.isalpha, text)):
        return UNKNOWN
    chances = likely(text, chat, languages)
    if not chances:
        return chat
    best = max(chances, key=chances.__getitem__)
    return best if chances[best] >= SURE else UNKNOWN


def likely(text: str, chat: str, languages: Sequence[str]) -> dict[str, float]:
    """Return how likely `text` is in each of `languages`; the sum is 1. Empty where none of them can be told apart."""
    codes = {each.split("-")[0]: each for each in reversed(languages)}
    known = tuple(sorted(codes.keys() & _all()))
    if not known:
        return {}
    scores = dict(_guesser(known).rank(text))
    before = _before(known, chat.split("-", maxsplit=1)[0])
    highest = max(scores.values())
    chances = {code: exp(FLAT * (scores[code] - highest)) * before[code] for code in known}
    total = sum(chances.values())
    return {codes[code]: chance / total for code, chance in chances.items()}


def _before(known: Sequence[str], chat: str) -> dict[str, float]:
    """Return how likely each language is before anything is read."""
    if chat not in known:
        return dict.fromkeys(known, 1 / len(known))
    share = (1 - WEIGHT) / len(known)
    return {code: share + WEIGHT * (code == chat) for code in known}


@lru_cache(maxsize=1)
def _all() -> frozenset[str]:
    """Return every language the guesser knows."""
    return frozenset(_fresh().nb_classes)


@lru_cache(maxsize=8)
def _guesser(known: tuple[str, ...]) -> LanguageIdentifier:
    guesser = _fresh()
    guesser.set_languages(known)
    return guesser


def _fresh() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - loads numpy: only who asks needs it

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=False)
