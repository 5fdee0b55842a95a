"""What came of a round: what people raised, who read it, what was decided and why. Pure; kept as JSON beside the round.

A conscientious body can show that it has thought of what people said (the fourth of Gunning's principles): each issue
with an answer to it, who of those who decide read what on which day, the decision with its reasons, and what was not
chosen (Aarhus Convention, Art. 6(9)).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from bot.rounds import kept, tongues
from bot.rounds.tongues import Text, in_language, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Said = TypeVar("Said", "KeyIssue", "Decision")

CHANGED = ("yes", "partly", "no")
"""Whether what people raised has changed anything."""


@dataclass(frozen=True, slots=True)
class KeyIssue:
    """Something people raised, and what the body says to it."""

    issue: Text
    people: int | None
    """How many raised it; None: not counted."""
    response: Text
    changed: str
    reason: Text


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody who decides has read a report; `on` is an ISO day."""

    who: str
    what: str
    on: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, on which ISO day, why, and which options were not chosen and why."""

    text: Text
    on: str
    reasons: Text
    not_chosen: Text


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that came of a round, as far as it has come."""

    analysis: str = ""
    """What the answers say, or where that is written."""
    issues: tuple[KeyIssue, ...] = ()
    readings: tuple[Reading, ...] = ()
    decision: Decision | None = None
    signed: str = ""
    """Who answers for what was published: name and office."""
    lessons: str = ""
    """What the body learnt for its next round."""

    def with_issue(self, issue: KeyIssue, number: int | None = None) -> Outcome:
        """Return the outcome with one more issue, or with another one in the place of number `number` (from 1)."""
        if number is None:
            return replace(self, issues=(*self.issues, issue))
        kept = list(self.issues)
        kept[number - 1] = issue
        return replace(self, issues=tuple(kept))


def tidied(said: Said) -> Said:
    """Return an issue or a decision without blanks around its texts, and without languages in which nothing is said."""
    return _each(said, tidy)


def spoken(outcome: Outcome, language: str) -> Outcome:
    """Return an outcome as it reads in a language; where that is silent, in another one."""
    made = outcome.decision
    return replace(
        outcome,
        issues=tuple(_each(one, partial(in_language, language=language)) for one in outcome.issues),
        decision=_each(made, partial(in_language, language=language)) if made else None,
    )


def ordered(outcome: Outcome, languages: Sequence[str]) -> Outcome:
    """Return an outcome with its texts in the order of `languages`: where one is silent the first speaks for it."""
    made = outcome.decision
    in_order = partial(tongues.ordered, languages=languages)
    return replace(
        outcome,
        issues=tuple(_each(one, in_order) for one in outcome.issues),
        decision=_each(made, in_order) if made else None,
    )


def _each(said: Said, made: Callable[[Text], Text]) -> Said:
    known = {one.name: getattr(said, one.name) for one in fields(said)}
    texts: dict[str, Any] = {name: made(text) for name, text in known.items() if isinstance(text, str | Mapping)}
    return replace(said, **texts)


def load(text: str | None) -> Outcome:
    """Read an outcome from its JSON; None: nothing has come of the round yet. Raises `Trouble` where it is none."""
    said = kept.read(text, "outcome") if text else {}
    decision = said.get("decision")
    try:
        return Outcome(
            **{
                **said,
                "issues": tuple(KeyIssue(**each) for each in said.get("issues", ())),
                "readings": tuple(Reading(**each) for each in said.get("readings", ())),
                "decision": Decision(**decision) if decision else None,
            }
        )
    except TypeError:
        raise kept.unreadable("outcome") from None


def dump(outcome: Outcome) -> str:
    """Write an outcome as JSON."""
    return json.dumps(asdict(outcome), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a report before its words: what people said, what is done, what is not done and why."""

    said: tuple[str, ...] = ()
    did: tuple[str, ...] = ()
    did_not: tuple[tuple[str, str], ...] = field(default=())
    """(what, why)."""


def sorted_out(issues: Iterable[KeyIssue], language: str) -> Draft:
    """Sort the issues of a log under the three heads of a report in a language."""
    kept = [(each.changed, _read(each, language)) for each in issues]
    return Draft(
        tuple(issue for _, (issue, _, _) in kept),
        tuple(response for changed, (_, response, _) in kept if changed != "no"),
        tuple((response, reason) for changed, (_, response, reason) in kept if changed == "no"),
    )


def _read(issue: KeyIssue, language: str) -> tuple[str, str, str]:
    issue_, response, reason = (in_language(text, language) for text in (issue.issue, issue.response, issue.reason))
    return issue_, response, reason


def silent(outcome: Outcome, language: str) -> bool:
    """Whether something in the log of issues or the decision is told per language, but not in this one."""
    made = outcome.decision
    texts: list[Text] = [text for each in outcome.issues for text in (each.issue, each.response, each.reason)]
    texts += [made.text, made.reasons, made.not_chosen] if made else []
    return any(not isinstance(text, str) and not text.get(language) for text in texts)


def changes(before: Outcome, after: Outcome) -> Mapping[str, tuple[Any, Any]]:
    """Return what is other than before, each with both values, as a trail keeps it."""
    old, new = json.loads(dump(before)), json.loads(dump(after))
    return {f"outcome.{name}": (old[name], new[name]) for name in sorted(new) if old[name] != new[name]}
