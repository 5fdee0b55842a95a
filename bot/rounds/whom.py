"""Who of an audience is meant, as data: `rounds.whom`, JSON that is checked before it is kept. Pure."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.rounds import wording
from flows.model import Choose, Pick, Stage
from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from bot.config import Config
    from flows.model import Flow

ABOUT_YOU = "you."
"""What the ids of questions about the person begin with."""
MOST = 10_000_000
"""No sample is larger."""
ENDING = 3
"""Letters a word may have behind the one looked for: plurals, cases, what a verb ends in."""
SHORT = 4
"""Shorter words have no endings: "bus" is not in "bush"."""


@dataclass(frozen=True, slots=True)
class Held:
    """A list of addresses that the city holds already, and on what legal ground it may write to them."""

    ground: str
    sha256: str
    """Of the file, so that it is known again."""
    people: int
    """How many it brought into the audience."""


@dataclass(frozen=True, slots=True)
class Whom:
    """What all have in common who are meant; what is empty does not matter. Words of a theme: any of them."""

    services: tuple[str, ...] = ()
    """Took part in a round of one of these."""
    areas: tuple[str, ...] = ()
    """Said that they live in one of these."""
    languages: tuple[str, ...] = ()
    stages: tuple[str, ...] = ()
    """Took part in a round of one of these."""
    themes: tuple[str, ...] = ()
    """Wrote one of these words in an answer, chose an option that has it, or raised the theme of that name."""
    sample: int | None = None
    """So many of them, by chance."""
    seed: str = ""
    """What chance starts from: the same people and the same seed give the same sample."""
    lists: tuple[Held, ...] = ()
    """Who is asked besides."""

    @property
    def looks_into_answers(self) -> bool:
        """Whether earlier answers must be looked at, which is allowed only of those who agreed to be invited again."""
        return bool(self.areas or self.themes)

    @property
    def narrow(self) -> bool:
        """Whether not simply everyone who agreed is meant."""
        return bool(self.services or self.stages or self.languages or self.looks_into_answers or self.sample)


CHOICES = ("services", "areas", "languages", "stages", "themes")
"""Of which there may be several."""


def load(kept: str | None) -> Whom:
    """Return what `dump` has made."""
    found: dict[str, Any] = json.loads(kept) if kept else {}
    found["lists"] = [Held(**each) for each in found.get("lists", ())]
    plain: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in found.items()}
    return Whom(**plain)


def dump(whom: Whom) -> str | None:
    """Return JSON; None where nobody is told apart."""
    said = {name: value for name, value in asdict(whom).items() if value}
    return json.dumps(said, ensure_ascii=False, sort_keys=True) if said else None


def checked(given: Mapping[str, Any], config: Config, chance: str) -> Whom:
    """Return what was asked for. Raises `Refused` where it names what there is not; `chance` makes a seed."""
    if unknown := given.keys() - {*CHOICES, "sample", "seed"}:
        raise TypeError(f"an audience has no {', '.join(sorted(unknown))}")
    known = {
        "services": [service.key for service in config.services],
        "areas": list(dict.fromkeys(area for service in config.services for area, _ in service.areas)),
        "languages": list(config.city.languages),
        "stages": [stage.value for stage in Stage],
    }
    chosen: dict[str, Any] = {name: tuple(dict.fromkeys(map(str, given.get(name) or ()))) for name in CHOICES}
    whom = Whom(**chosen)
    for name, there in known.items():
        for one in getattr(whom, name):
            if one not in there:
                raise wording.Forbidden("no_such_group", value=one, known=", ".join(there))
    if any(not fold(word) for word in whom.themes):
        raise wording.Forbidden("empty_theme")
    return _sampled(whom, given.get("sample"), str(given.get("seed") or ""), chance)


def _sampled(whom: Whom, sample: object, seed: str, chance: str) -> Whom:
    if sample is None or sample == "":
        return whom
    if not isinstance(sample, int) or isinstance(sample, bool) or not 1 <= sample <= MOST:
        raise wording.Forbidden("bad_sample")
    return replace(whom, sample=sample, seed=seed or hashlib.sha256(chance.encode()).hexdigest()[:16])


def checked_spread(hours: object) -> int | None:
    """Return over how many hours of sending time invitations go out. Raises `Refused` for what is no such number."""
    if hours is None or (isinstance(hours, int) and not isinstance(hours, bool) and 1 <= hours <= 1000):
        return hours
    raise wording.Forbidden("bad_spread")


def checked_reminder(at: datetime | None, opens: datetime | None, closes: datetime | None) -> None:
    """Raise `Refused` for a reminder outside of the round's time."""
    if at is not None and ((opens is not None and at <= opens) or (closes is not None and at >= closes)):
        raise wording.Forbidden("bad_reminder")


def drawn(seed: str, address_hash: bytes) -> bytes:
    """Return somebody's place in a draw: those with the lowest are the sample, whatever order they come in.

    Each gets a number by a hash, and the lowest are taken (permanent random numbers, as in Ohlsson, "Coordination of
    samples using permanent random numbers", 1995): whoever has the seed can draw again.
    """
    return hashlib.sha256(seed.encode() + b"\0" + address_hash).digest()


def raises(text: str, themes: Sequence[str]) -> bool:
    """Whether a text has one of these words or phrases, in any plain form: "sign" is in "no SIGNS at all"."""
    words = fold(text).split()
    return any(_phrase(words, fold(theme).split()) for theme in themes)


def offered(flow: Flow, themes: Sequence[str]) -> dict[str, set[str]]:
    """Return by question which of its options have one of these words, in any language of the flow.

    Steps of a scale are no themes, nor is what somebody says about themselves or about how to be reached.
    """
    found: dict[str, set[str]] = {}
    for script in flow.scripts.values():
        for state in script.states.values():
            if isinstance(state, Choose | Pick) and state.role is None and not (state.item or "").startswith(ABOUT_YOU):
                raised = {option.id for option in state.options if raises(option.label, themes)}
                found[state.id] = found.get(state.id, set()) | raised
    return {state: options for state, options in found.items() if options}


def _phrase(words: Sequence[str], wanted: Sequence[str]) -> bool:
    ends = len(words) - len(wanted) + 1
    return any(all(_form(word, one) for word, one in zip(words[at:], wanted, strict=False)) for at in range(ends))


def _form(word: str, wanted: str) -> bool:
    """Whether a folded word is a form of another: with an ending, or in Arabic with the article before it."""
    return any(
        one == wanted or (len(wanted) >= SHORT and one.startswith(wanted) and len(one) - len(wanted) <= ENDING)
        for one in _bare(word)
    )


def _bare(word: str) -> Iterable[str]:
    yield word
    for article in ("ال", "وال", "بال", "لل"):
        if word.startswith(article):
            yield word.removeprefix(article)
