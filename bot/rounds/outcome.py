"""What came of a round: what people raised, who read it, what was decided and why. Pure; kept as JSON beside the round.

A conscientious body can show that it has thought of what people said (the fourth of Gunning's principles): each issue
with an answer to it, who of those who decide read what on which day, the decision with its reasons, and what was not
chosen (Aarhus Convention, Art. 6(9)).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CHANGED = ("yes", "partly", "no")
"""Whether what people raised has changed anything."""


@dataclass(frozen=True, slots=True)
class KeyIssue:
    """Something people raised, and what the body says to it."""

    issue: str
    people: int | None
    """How many raised it; None: not counted."""
    response: str
    changed: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody who decides has read a report; `on` is an ISO day."""

    who: str
    what: str
    on: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, on which ISO day, why, and which options were not chosen and why."""

    text: str
    on: str
    reasons: str
    not_chosen: str


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


def load(text: str | None) -> Outcome:
    """Read an outcome from its JSON; None: nothing has come of the round yet."""
    said: dict[str, Any] = json.loads(text) if text else {}
    decision = said.get("decision")
    return Outcome(
        **{
            **said,
            "issues": tuple(KeyIssue(**each) for each in said.get("issues", ())),
            "readings": tuple(Reading(**each) for each in said.get("readings", ())),
            "decision": Decision(**decision) if decision else None,
        }
    )


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


def sorted_out(issues: Iterable[KeyIssue]) -> Draft:
    """Sort the issues of a log under the three heads of a report."""
    kept = tuple(issues)
    return Draft(
        tuple(each.issue for each in kept),
        tuple(each.response for each in kept if each.changed != "no"),
        tuple((each.response, each.reason) for each in kept if each.changed == "no"),
    )


def changes(before: Outcome, after: Outcome) -> Mapping[str, tuple[Any, Any]]:
    """Return what is other than before, each with both values, as a trail keeps it."""
    old, new = json.loads(dump(before)), json.loads(dump(after))
    return {f"outcome.{name}": (old[name], new[name]) for name in sorted(new) if old[name] != new[name]}
