"""On which side of a digest words stand: what is a problem to people, and what works.

The question decides first: who is asked what went wrong tells of a problem, however well they score. Where it does not
say, the score decides that the words give the reason for. Of several texts of one person about a theme the worst
counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, case, false, func, literal, or_, select, tuple_

from storage.tables import answers, text_themes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, FromClause, Select

PROBLEM, WORKS = "problem", "works"
"""What a question may ask for."""
_WORKS, _BY_SCORE, _PROBLEM = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Sides:
    """What decides it, in the rounds of one service."""

    good: frozenset[tuple[str, str]] = frozenset()
    """(item, choice) of those who score well."""
    scores: frozenset[str] = frozenset()
    """Questions whose score decides for words that give the reason for no answer in particular."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """By item of the bank what it asks for."""
    explains: Mapping[str, str] = field(default_factory=dict)
    """By item of the bank the one whose answer it gives the reason for."""
    own: Mapping[tuple[int, str], str] = field(default_factory=dict)
    """The same as `asked` by (round id, state), where a flow says it itself: that goes before."""

    def scoring(self, item: str | None) -> frozenset[str]:
        """Return the questions whose score decides for a text."""
        explained = self.explains.get(item or "")
        return self.scores if explained is None else frozenset({explained})


NO_SIDES: Final = Sides()


def content(
    sides: Sides,
    text: FromClause,
    since: datetime,
    *where: ColumnElement[bool],
) -> Select[tuple[int, int, bytes]]:
    """Return (theme id, round id, pseudonym) of those who say in the texts `where` of a theme what works.

    `text` is `answers` or an alias of it. The score that decides is the last one given from `since` on and handed in no
    later than the text.
    """
    given, last = answers.alias("given"), answers.alias("last")
    side = _side(sides, text)
    scored = and_(
        side == _BY_SCORE,
        given.c.round_id == text.c.round_id,
        given.c.pseudonym == text.c.pseudonym,
        _decides(sides, text, given),
        given.c.choice.is_not(None),
        given.c.withdrawn_at.is_(None),
        given.c.counted_at >= since,
        given.c.counted_at <= text.c.counted_at,
    )
    person = (text_themes.c.theme_id, text.c.round_id, text.c.pseudonym)
    each = select(*person, func.max(side).label("worst"), func.max(given.c.id).label("last"))
    each = each.select_from(text_themes.join(text, text.c.id == text_themes.c.answer_id).outerjoin(given, scored))
    worst = each.where(*where).group_by(*person).subquery()
    well = tuple_(last.c.item, last.c.choice).in_(sorted(sides.good)) if sides.good else false()
    found = select(worst.c.theme_id, worst.c.round_id, worst.c.pseudonym)
    found = found.select_from(worst.outerjoin(last, last.c.id == worst.c.last))
    return found.where(or_(worst.c.worst == _WORKS, and_(worst.c.worst == _BY_SCORE, well)))


def _side(sides: Sides, text: FromClause) -> ColumnElement[int]:
    """What the question of a text asks for, as a number: the larger the worse."""
    codes = {PROBLEM: _PROBLEM, WORKS: _WORKS}
    ways = []
    for kind, code in codes.items():
        own = sorted(key for key, asked in sides.own.items() if asked == kind)
        ways += [(tuple_(text.c.round_id, text.c.state).in_(own), literal(code))] if own else []
    for kind, code in codes.items():
        items = sorted(item for item, asked in sides.asked.items() if asked == kind)
        ways += [(text.c.item.in_(items), literal(code))] if items else []
    return case(*ways, else_=literal(_BY_SCORE)) if ways else literal(_BY_SCORE)


def _decides(sides: Sides, text: FromClause, given: FromClause) -> ColumnElement[bool]:
    pairs = sorted(sides.explains.items())
    ways = [and_(text.c.item == reason, given.c.item == scored) for reason, scored in pairs]
    rest = given.c.item.in_(sorted(sides.scores))
    if not pairs:
        return rest
    plain = or_(text.c.item.is_(None), text.c.item.not_in([reason for reason, _ in pairs]))
    return and_(given.c.item.in_(sorted({*sides.scores, *sides.explains.values()})), or_(*ways, and_(plain, rest)))
