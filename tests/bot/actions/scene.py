"""People who said that the library is bad, some of whom agreed to hear what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bot.actions.acting import Actions, Draft
from bot.actions.telling import Letter
from bot.rounds.library import Library
from storage import answers, contacts, outbox, people, rounds, sessions, wishes
from storage.actions import ANSWER, SCORE
from tests.bot.channels.web.stage import NOW, Program
from tests.storage.makers import DAY, answer, session, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.contacts import Contact
    from storage.people import Person
    from storage.rounds import RoundRow

WEEK, AT = "2026-W46", NOW - 7 * DAY
"""The week in which they said so, and when."""
STAGE = "deliver"
"""That of the question they answered."""
CONTENT = ("5",) * 12
"""What as many others chose as let the digest tell both sides."""


class Scene(NamedTuple):
    """A round, who said it is bad, and a manager."""

    it: Program
    round: RoundRow
    who: Sequence[Contact]
    manager: Person
    acts: Actions


def scene(
    it: Program,
    raised: int = 18,
    wish: int = 14,
    again: int = 0,
    languages: Sequence[str] = ("en",),
    others: Sequence[str] = (),
    **facts: Any,
) -> Scene:
    """Let so many say that the library is bad; the first `wish` want to hear of it, the first `again` be asked.

    `others` are what more people chose.
    """
    code = it.opened("How is the library?", **facts)
    acts, who = it.actions, []
    with it.database.transaction() as db:
        round_ = rounds.by_code(db, code)
        assert round_ is not None
        pseudonym = Library(it.config, it.catalog, it.keys).pseudonyms(round_)
        for n in range(raised):
            hash_ = it.keys.address_hash("web", f"citizen{n}")
            new = contacts.NewContact("web", hash_, it.keys.seal(f"citizen{n}"), languages[n % len(languages)], NOW)
            (one,) = contacts.add(db, [new])
            who.append(one)
            sessions.save(db, [session(one, round_, NOW, status="completed", ended_at=NOW)])
            bad = answer(round_, pseudonym(hash_), at=AT, choice="1" if n % 2 else "2", score=1.0, stage=STAGE)
            said = text(round_, f"I stood there for {n} minutes", pseudonym(hash_), at=AT)
            answers.append(db, [bad, said])
            if n < again:
                contacts.set_invite_again(db, one.id, NOW)
        more = [(pseudonym(b"other %d" % n), each) for n, each in enumerate(others)]
        answers.append(
            db, [answer(round_, who, at=AT, choice=each, score=float(each), stage=STAGE) for who, each in more]
        )
        wishes.add(db, [(round_.id, one.id) for one in who[:wish]], NOW)
        manager = people.add(db, "Ada", "en", NOW)
        people.grant(db, manager.id, "manager", "library", NOW)
    return Scene(it, round_, who, manager, acts)


def draft(of: Scene, kind: str = ANSWER, words: str = "A second desk.", **facts: object) -> Draft:
    """Return what the manager is about to do about the bad answers."""
    origin = of.acts.origin(SCORE, "del.overall", WEEK, of.it.now)
    return Draft(
        "library",
        kind,
        SCORE,
        origin,
        words,
        **({"letter": Letter({"en": "We open a second desk."})} | facts),  # type: ignore[arg-type]  # facts of many types
    )


def sent(it: Program) -> list[tuple[int, str]]:
    """Return (contact, body) of what waits to be shown in the web chat, one for each contact."""
    with it.database.transaction() as db:
        rows = outbox.claim(db, "web", "me", it.now, NOW - NOW, 999)
        return [(row.contact_id, row.body) for row in rows]
