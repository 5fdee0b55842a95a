"""Whether words of a citizen may be shown to others than the team of their service: the one place that decides.

They may where their writer agrees to be quoted, and nobody of the service has withheld them, and they hold no doubt
about a name or somebody has read and approved them; where `[privacy] quotes = "approved"`, only once somebody has
approved them. What leads to a person is masked in all of them.

What somebody rules stands in the log of staff (who, when, why; never the words), in the log of deletions, so that no
restore brings back what was withheld, and on the text itself. What is withheld goes out of all digests that are kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from bot.reading.private import finder
from bot.reading.spans import worded
from storage import answers, deletions, digests, looks, rulings, themes
from storage.rulings import SHOWN, WAITING, WITHHELD, Ruling

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.reading.private import Finder
    from bot.texts import Texts
    from storage.answers import TextRow
    from storage.deletions import Entry
    from storage.rulings import Text
    from storage.sealing import Keys
    from storage.weekly import Span

REASONS: Final = ("insulting", "names", "off_topic", "other")
"""Why a text is withheld; `other` is told in words."""
OTHER: Final = "other"
LONGEST: Final = 300
"""Letters of a reason in words."""
PAGE: Final = 20
"""Texts on a page of the queue."""
RESTORED: Final = "restore"
"""Who stands in the log of staff where a restore rules again as somebody did before."""
_MARK: Final = 12
"""Letters of a mark, of the sign and of what was ruled: they fit a button beside an id."""


class Quoting:
    """Which words of citizens may be shown to others, and how."""

    def __init__(self, finds: Finder, *, approved: bool = False) -> None:
        """`finds` finds what leads to a person; `approved`: only what somebody approved may be shown."""
        self._finds = finds
        self.approved = approved

    def ids(self, db: Connection, service: str, span: Span, every: int, first: int) -> list[tuple[int, int]]:
        """Return (id, round id) of texts counted in a span that may be shown, as `answers.quoted_ids` samples them."""
        return answers.quoted_ids(db, service, *span, every, first, approved=self.approved)

    def texts(self, db: Connection, ids: Collection[int]) -> list[tuple[TextRow, str]]:
        """Return of these texts those that may be shown, each with its words masked."""
        rows = answers.these_texts(db, ids, approved=self.approved) if ids else []
        return [(row, text) for row, text in zip(rows, self._masked(db, rows), strict=True) if text is not None]

    def shown(self, db: Connection, texts: Collection[themes.Text]) -> dict[int, str]:
        """Return by id the words, masked, of those of these texts that may be shown."""
        may = themes.quotable(db, {one.answer_id for one in texts}, approved=self.approved)
        known = {one.answer_id: one for one in texts if one.answer_id in may}
        seen = rulings.approved_of(db, known)
        words = ((one, self.masked(text.text, text.language, seen=one in seen)) for one, text in known.items())
        return {one: text for one, text in words if text is not None}

    def masked(self, text: str, language: str, *, seen: bool) -> str | None:
        """Return words as others may read them; None where they may name somebody and nobody has `seen` them."""
        return self._finds.quoted(text, language, seen=seen)

    def hold(self, db: Connection, quoted: Iterable[str]) -> bool:
        """Whether all these answers may still be shown; nobody deletes or withholds one then until the commit."""
        return digests.hold_quotes(db, quoted, approved=self.approved)

    def _masked(self, db: Connection, rows: Collection[TextRow]) -> list[str | None]:
        seen = rulings.approved_of(db, {row.id for row in rows})
        return [self.masked(row.text, row.language, seen=row.id in seen) for row in rows]


def quoting(db: Connection, config: Config) -> Quoting:
    """Return what decides in this city."""
    return Quoting(finder(db, config), approved=config.privacy.approved)


# --------------------------------------------------------------------------- the queue


class Queued(NamedTuple):
    """A text as whoever rules on it sees it."""

    text: Text
    words: str
    """Masked as others would read it."""
    doubted: bool
    """Whether a machine takes some of it for a name: without an approval it is not quoted."""
    mark: str
    """Tells these words and this ruling from any others: nobody rules on what they have not seen."""


def queue(db: Connection, config: Config, keys: Keys, service: str, said: Texts, page: int = 0) -> list[Queued]:
    """Return a page of the texts of a service: those that wait, those shown, those withheld."""
    first = page * PAGE
    found = rulings.queue(db, service, approved=config.privacy.approved, first=first, most=PAGE)
    return _queued(db, config, keys, found, said)


def following(
    db: Connection, config: Config, keys: Keys, service: str, said: Texts, before: int | None = None
) -> Queued | None:
    """Return the newest text that nobody ruled on, or the next after the one with this id; None where there is none."""
    found = rulings.unruled(db, service, before)
    return None if found is None else _queued(db, config, keys, [found], said)[0]


def waiting(db: Connection, config: Config, services: Collection[str]) -> int:
    """Return how many texts of these services wait for somebody; none does where all are shown until withheld."""
    if not config.privacy.approved or not services:
        return 0
    found = rulings.counts(db, services, approved=True)
    return sum(each.get(WAITING, 0) for each in found.values())


def _queued(db: Connection, config: Config, keys: Keys, texts: Iterable[Text], said: Texts) -> list[Queued]:
    finds = finder(db, config)
    return [
        Queued(
            one,
            worded(finds.quoted(one.text, one.language, seen=True) or "", said),
            finds.quoted(one.text, one.language) is None,
            mark(keys, one),
        )
        for one in texts
    ]


def sign(keys: Keys, text: Text) -> str:
    """Return how the log of deletions knows these words of this answer, without telling them."""
    about = f"{text.round_id} {text.state} {text.answered_at.isoformat()}"
    return keys.deletion_hash(b"words", about.encode(), text.text.encode())


def mark(keys: Keys, text: Text) -> str:
    """Return what a form or a button carries of the words and the ruling that were seen."""
    return keys.deletion_hash(b"seen", sign(keys, text).encode(), (text.ruling or "").encode())[:_MARK]


# --------------------------------------------------------------------------- ruling


class Done(StrEnum):
    """What came of it."""

    SHOWN = "shown"
    WITHHELD = "withheld"
    OTHERWISE = "otherwise"
    """Somebody else has ruled meanwhile, or the words are others now: nothing was done."""
    GONE = "gone"
    """The text is of another service, gone, or not to be quoted any more."""


class By(NamedTuple):
    """Who rules, and when."""

    person: int
    name: str
    now: datetime


def rule(  # noqa: PLR0913 - what was seen, what is ruled and why, and by whom
    db: Connection,
    keys: Keys,
    service: str,
    answer_id: int,
    seen: str,
    by: By,
    *,
    reason: str = "",
    words: str = "",
) -> Done:
    """Show a text to others, or (with a reason) withhold it; `seen` is the mark of what was looked at.

    Raises ValueError for a reason that is none of ours, or one in words without words.
    """
    words = " ".join(words.split())[:LONGEST] if reason == OTHER else ""
    if (reason and reason not in REASONS) or (reason == OTHER and not words):
        raise ValueError(reason)
    text = rulings.hold(db, answer_id)
    if text is None or text.service != service:
        return Done.GONE
    if mark(keys, text) != seen:
        return Done.OTHERWISE
    ruling = WITHHELD if reason else SHOWN
    what = deletions.WITHHELD if reason else deletions.SHOWN_AGAIN
    deletions.record(keys, [deletions.Entry(by.now, what, sign(keys, text), why=reason)])
    _put(db, text, Ruling(answer_id, ruling, reason, words, by.person, by.now), by.name)
    return Done(ruling)


def again(db: Connection, text: Text, entry: Entry) -> bool:
    """Rule once more as the log of deletions says somebody did; return whether that is another ruling than stands."""
    ruling = WITHHELD if entry.what == deletions.WITHHELD else SHOWN
    held = rulings.hold(db, text.id)
    if held is None or held.ruling == ruling:
        return False
    _put(db, held, Ruling(text.id, ruling, entry.why, "", None, entry.at), RESTORED)
    return True


def _put(db: Connection, text: Text, ruling: Ruling, who: str) -> None:
    rulings.put(db, ruling)
    if ruling.ruling == WITHHELD:
        digests.unquote(db, [text.id])
    about = {"text": text.id, "round": text.code, **({"reason": ruling.reason} if ruling.reason else {})}
    looks.did(db, text.service, ruling.at, who, f"words_{ruling.ruling}", **about)
