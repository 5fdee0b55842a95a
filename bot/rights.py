"""Who may do what for a service: the one place that says so. docs/roles.md shows it as a table.

What is not written here nobody may do but who holds the machine: the command line asks for no role of who runs it, as
they could open the database as well; where they name a member of staff, that person's rights are asked for.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import Connection

    from storage.people import Person, Role

MANAGER, ORGANISER, APPROVER, OPERATOR = "manager", "organiser", "approver", "operator"
ROLES = (ORGANISER, APPROVER, MANAGER, OPERATOR)
EVERY_SERVICE = "*"
"""As a role is kept that holds for all services (`storage.people.EVERY_SERVICE`)."""


class Right(StrEnum):
    """Something that not everybody may see or do: RULES says what each is."""

    SEE_ROUNDS = "see_rounds"
    LEAD_ROUNDS = "lead_rounds"
    HEAR_PROMISES = "hear_promises"
    SIGN_ROUNDS = "sign_rounds"
    WEIGH_CITY = "weigh_city"
    SEE_QUESTIONS = "see_questions"
    TAKE_ANSWERS = "take_answers"
    ENTER_ANSWERS = "enter_answers"
    READ_ANSWERS = "read_answers"
    READ_DIGESTS = "read_digests"
    ACT_ON_DIGESTS = "act_on_digests"
    SORT_THEMES = "sort_themes"
    JUDGE_QUOTES = "judge_quotes"
    ANSWER_CITIZENS = "answer_citizens"
    ASSESS = "assess"
    HEAR_ALARMS = "hear_alarms"
    HEAR_FAULTS = "hear_faults"


class Rule(NamedTuple):
    """Which roles have a right (the first is the one to give to whoever is to have it), and what it lets them do."""

    holders: tuple[str, ...]
    meaning: str


RULES: Mapping[Right, Rule] = {
    Right.SEE_ROUNDS: Rule((ORGANISER, APPROVER), "See rounds from inside: record, log, numbers, previews, results"),
    Right.LEAD_ROUNDS: Rule((ORGANISER,), "Write, open, steer, close and report back"),
    Right.HEAR_PROMISES: Rule((ORGANISER, MANAGER), "Be reminded of the day for which a result is promised"),
    Right.SIGN_ROUNDS: Rule((APPROVER,), "Approve a round that somebody else has written"),
    Right.WEIGH_CITY: Rule((ORGANISER,), "Say who lives in the whole city: for every service only"),
    Right.SEE_QUESTIONS: Rule((ORGANISER, APPROVER, MANAGER), "See questions as a picture"),
    Right.TAKE_ANSWERS: Rule((ORGANISER, MANAGER), "Take all answers of a round away as files"),
    Right.ENTER_ANSWERS: Rule((ORGANISER, MANAGER), "Write down what came by telephone, on paper or at a desk"),
    Right.READ_ANSWERS: Rule((MANAGER, ORGANISER), "Open answers behind a figure, files people sent, urgent reports"),
    Right.READ_DIGESTS: Rule((MANAGER,), "Read the weekly digest, and take its files"),
    Right.ACT_ON_DIGESTS: Rule((MANAGER, ORGANISER), "Answer, assign, ask back, hand on"),
    Right.SORT_THEMES: Rule((MANAGER, ORGANISER), "Keep the codebook of a service"),
    Right.JUDGE_QUOTES: Rule((MANAGER, ORGANISER), "Say which words of citizens others may see, and which not"),
    Right.ANSWER_CITIZENS: Rule((MANAGER, ORGANISER), "Read and answer those who asked for a person"),
    Right.ASSESS: Rule((MANAGER, ORGANISER, APPROVER), "Assess one's own work"),
    Right.HEAR_ALARMS: Rule((MANAGER,), "Be told at once where somebody writes of danger"),
    Right.HEAR_FAULTS: Rule((OPERATOR,), "Be told what the installation lacks, and of danger where nobody else hears"),
}


class Held:
    """What somebody may do, by the roles they have."""

    __slots__ = ()

    roles: tuple[Role, ...]

    def is_(self, role: str) -> bool:
        """Whether they have a role for any service."""
        return any(held.role == role for held in self.roles)

    def may(self, service: str, right: Right) -> bool:
        """Whether they have a right for `service`."""
        return may(self.roles, service, right)

    def may_somewhere(self, right: Right | str) -> bool:
        """Whether they have a right for any service."""
        return any(held.role in RULES[Right(right)].holders for held in self.roles)

    def services(self, every: Iterable[str], right: Right) -> list[str]:
        """Return for which of `every` service they have a right."""
        return [service for service in every if self.may(service, right)]


def reach_of(roles: Iterable[Role], role: str, every: Iterable[str]) -> list[str]:
    """Return for which of `every` service who has these roles has this one."""
    reach = {held.service for held in roles if held.role == role}
    return [service for service in every if not reach.isdisjoint({service, EVERY_SERVICE})]


def holders(db: Connection, right: Right, service: str | None = None) -> list[tuple[Person, str]]:
    """Return (person, service key or `*`) of everyone with a right; for one service where given (`*` included)."""
    from storage import people  # noqa: PLC0415 - the command line's help loads no database

    found = (held for role in RULES[right].holders for held in people.with_role(db, role, service))
    return sorted(dict.fromkeys(found), key=lambda held: (held[0].id, held[1]))


def who(db: Connection, right: Right, service: str | None = None) -> list[Person]:
    """Return everyone with a right, each once, the first known first."""
    return list({person.id: person for person, _ in holders(db, right, service)}.values())


def may(roles: Iterable[Role], service: str, right: Right) -> bool:
    """Whether who has these roles has a right for `service`."""
    reach = {service, EVERY_SERVICE}
    return any(held.role in RULES[right].holders and held.service in reach for held in roles)
