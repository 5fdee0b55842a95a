"""Which texts were sent by many in nearly the same words, week by week: counted apart, and never deleted.

Whoever leaves takes their text along; what is told of a campaign is counted from the texts that stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import and_, func, select

from storage.rows import Insert, read
from storage.tables import answers, campaign_texts, campaign_weeks, text_themes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection

AT_ONCE: Final = 1000
"""Texts looked up in one go."""


class Campaign(NamedTuple):
    """People who sent nearly the same words in one week. `campaign` tells it from others."""

    campaign: int
    senders: int


class About(NamedTuple):
    """How many campaigns of a week have texts about a theme."""

    theme_id: int
    campaigns: int


_note = Insert(campaign_texts, ("answer_id", "campaign"), end="ON CONFLICT (answer_id) DO NOTHING")
_sought = Insert(campaign_weeks, ("service", "until", "sought_at"), end="ON CONFLICT (service, until) DO NOTHING")


def sought(db: Connection, service: str, untils: Collection[datetime]) -> set[datetime]:
    """Return which of the weeks that end at these moments were searched."""
    known = select(campaign_weeks.c.until).where(campaign_weeks.c.service == service)
    return set(db.execute(known.where(campaign_weeks.c.until.in_(list(untils)))).scalars())


def note(db: Connection, service: str, until: datetime, now: datetime, found: Iterable[tuple[int, int]]) -> None:
    """Keep (text, campaign) of a week that was searched; texts that went meanwhile are passed over."""
    rows = dict(found)
    ids = sorted(rows)
    for start in range(0, len(ids), AT_ONCE):
        there = select(answers.c.id).where(answers.c.id.in_(ids[start : start + AT_ONCE])).order_by(answers.c.id)
        held = db.execute(there.with_for_update(read=True)).scalars()
        _note(db, [(answer_id, rows[answer_id]) for answer_id in held])
    _sought(db, [(service, until, now)])


def of_week(db: Connection, service: str, since: datetime, until: datetime) -> list[Campaign]:
    """Return the campaigns among the texts counted in [since, until), the largest first."""
    each = select(campaign_texts.c.campaign, answers.c.round_id, answers.c.pseudonym).distinct()
    joined = each.join(answers, answers.c.id == campaign_texts.c.answer_id)
    told = joined.where(_within(service, since, until)).subquery()
    counted = select(told.c.campaign, func.count()).group_by(told.c.campaign)
    return sorted(read(Campaign, db.execute(counted)), key=lambda one: (-one.senders, one.campaign))


def about(db: Connection, service: str, since: datetime, until: datetime) -> list[About]:
    """Return for each theme of how many campaigns in [since, until) some text is about it."""
    counted = select(text_themes.c.theme_id, func.count(campaign_texts.c.campaign.distinct()))
    joined = counted.join(campaign_texts, campaign_texts.c.answer_id == text_themes.c.answer_id)
    joined = joined.join(answers, answers.c.id == text_themes.c.answer_id)
    return read(About, db.execute(joined.where(_within(service, since, until)).group_by(text_themes.c.theme_id)))


def of_texts(db: Connection, answer_ids: Collection[int]) -> dict[int, int]:
    """Return the campaign of each of these texts that is in one."""
    wanted = select(campaign_texts.c.answer_id, campaign_texts.c.campaign)
    rows = db.execute(wanted.where(campaign_texts.c.answer_id.in_(list(answer_ids))))
    return {row[0]: row[1] for row in rows}


def of_round(db: Connection, round_id: int) -> list[tuple[int, bytes]]:
    """Return (campaign, pseudonym) of each text of a round that was found in one and stands."""
    wanted = select(campaign_texts.c.campaign, answers.c.pseudonym)
    mine = (answers.c.round_id == round_id, answers.c.counted_at.is_not(None), answers.c.withdrawn_at.is_(None))
    rows = db.execute(wanted.join(answers, answers.c.id == campaign_texts.c.answer_id).where(*mine))
    return [(campaign, pseudonym) for campaign, pseudonym in rows]


def texts_of_round(db: Connection, round_id: int) -> dict[int, int]:
    """Return the campaign of each text of a round that was found in one and stands."""
    wanted = select(campaign_texts.c.answer_id, campaign_texts.c.campaign)
    mine = (answers.c.round_id == round_id, answers.c.counted_at.is_not(None), answers.c.withdrawn_at.is_(None))
    rows = db.execute(wanted.join(answers, answers.c.id == campaign_texts.c.answer_id).where(*mine))
    return {row[0]: row[1] for row in rows}


def of_person(db: Connection, round_id: int, pseudonym: bytes) -> int:
    """Return how many of somebody's texts in a round are counted with a campaign (MYDATA)."""
    counted = select(func.count()).select_from(campaign_texts.join(answers, answers.c.id == campaign_texts.c.answer_id))
    return db.execute(counted.where(answers.c.round_id == round_id, answers.c.pseudonym == pseudonym)).scalar_one()


def sent(db: Connection, service: str, since: datetime, until: datetime) -> dict[int, int]:
    """Return the campaign of each text counted in [since, until) that is in one."""
    wanted = select(campaign_texts.c.answer_id, campaign_texts.c.campaign)
    joined = wanted.join(answers, answers.c.id == campaign_texts.c.answer_id)
    rows = db.execute(joined.where(_within(service, since, until)))
    return {row[0]: row[1] for row in rows}


def _within(service: str, since: datetime, until: datetime) -> ColumnElement[bool]:
    counted = answers.c.counted_at
    return and_(answers.c.service == service, counted >= since, counted < until, answers.c.withdrawn_at.is_(None))
