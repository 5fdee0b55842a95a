"""Every table of the loop on one page. Core tables: rows are written set-wise, many turns to a commit.

Instants are aware and in UTC. Bodies are JSON text written by the callers. Addresses and free texts of people are the
only personal data; addresses are encrypted (`address_sealed`) and found by keyed hash (`address_hash`).
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy import Column as C  # noqa: N817 - a page of tables reads better with a short name

if TYPE_CHECKING:
    from collections.abc import Callable

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware moment, in UTC on both databases (SQLite has no zones: kept as text in UTC, which sorts by time).

    Every row has some of these, most of them the same "now", so the last texts made and read are remembered.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        """Return what hands a moment to the driver; it refuses naive ones."""
        return _to_text if dialect.name == "sqlite" else to_driver

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        """Return what gives back an aware moment in UTC."""
        return _from_text if dialect.name == "sqlite" else _from_driver


def to_driver(value: datetime | None) -> datetime | None:
    """Return a moment as PostgreSQL's driver takes it. Raises ValueError where it has no zone."""
    if value is not None and value.tzinfo is None:
        raise ValueError(f"naive datetime {value!r}: moments are aware")
    return value


def _to_text(value: datetime | None) -> str | None:
    return None if value is None else _text(value)


@lru_cache(maxsize=1000)
def _text(value: datetime) -> str:
    to_driver(value)
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


sqlite3.register_adapter(datetime, _text)  # moments in statements that go to the driver as text


def _from_driver(value: datetime | None) -> datetime | None:
    return value if value is None else value.astimezone(UTC)


@lru_cache(maxsize=10_000)
def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


Id = BigInteger().with_variant(Integer, "sqlite")


def _id() -> C[int]:
    return C("id", Id, primary_key=True, autoincrement=True)


def _where(words: str) -> dict[str, Any]:
    """An index of few rows: what is done or sent costs nothing in it. Queries say the same words."""
    return {"sqlite_where": text(words), "postgresql_where": text(words)}


# --------------------------------------------------------------------------- in

inbox = Table(
    "inbox",
    metadata,
    _id(),
    C("channel", String(20), nullable=False),
    C("external_id", String(100), nullable=False),
    C("body", LargeBinary, nullable=False),
    C("address_hash", LargeBinary),  # of a waiting row: whose it is, as in contacts
    C("received_at", Instant, nullable=False),
    # waiting: no turn yet; done; unreadable: kept and reported; failed: its turn raised too often
    C("status", String(12), nullable=False, default="waiting"),
    C("attempts", Integer, nullable=False, default=0),
    C("error", String(200)),
    C("done_at", Instant),  # set: nothing is left to do
    UniqueConstraint("channel", "external_id"),
    Index("ix_inbox_undone", "status", "id", **_where("done_at IS NULL")),
)

# --------------------------------------------------------------------------- who

people = Table(  # staff: someone with a role; citizens have no row here
    "people",
    metadata,
    _id(),
    C("name", String(100), nullable=False),
    C("language", String(12), nullable=False),
    C("zone", String(60)),  # IANA name; null: the city's
    C("digest_day", String(3)),  # mon … sun; null: the city's
    C("digest_time", String(5)),  # HH:MM; null: the city's
    C("digest_every", String(9)),  # week, fortnight, month; null: week
    C("digest_by", String(4)),  # chat, mail, both; null: both
    C("digest_language", String(12)),  # null: each address in its own
    C("created_at", Instant, nullable=False),
    C("left_at", Instant),  # since when they have no role; null while they have one
)

contacts = Table(
    "contacts",
    metadata,
    _id(),
    C("channel", String(20), nullable=False),
    C("address_hash", LargeBinary, nullable=False),
    C("address_sealed", LargeBinary, nullable=False),
    C("person_id", ForeignKey("people.id", ondelete="SET NULL")),
    C("language", String(12), nullable=False),
    C("first_seen_at", Instant, nullable=False),
    C("last_seen_at", Instant, nullable=False),
    C("invite_again_at", Instant),  # agreed to be invited again
    C("stopped_at", Instant),  # STOP: never write first again
    C("said_stop_at", Instant),  # the last STOP, also once they are back: what they agreed to before it is over
    C("blocked_at", Instant),  # staff take no more from them
    C("blocked_why", String(300)),  # as they were told
    C("unreachable_at", Instant),  # the channel says: gone
    C("asks", String(40)),  # what the bot waits for outside any session (`confirm_delete`, …)
    UniqueConstraint("channel", "address_hash"),
    Index(None, "person_id"),
    sqlite_autoincrement=True,  # the id of a forgotten contact never comes back
)

roles = Table(
    "roles",
    metadata,
    _id(),
    C("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    C("role", String(12), nullable=False),  # manager, organiser, approver, operator
    C("service", String(60), nullable=False),  # service key; "*" for all
    C("created_at", Instant, nullable=False),
    UniqueConstraint("person_id", "role", "service"),
)

links = Table(  # one-time links: an invitation to a role, or a sign-in of someone who has one
    "links",
    metadata,
    _id(),
    C("token_hash", LargeBinary, nullable=False, unique=True),
    C("kind", String(8), nullable=False),  # invite, sign_in
    C("person_id", ForeignKey("people.id", ondelete="CASCADE")),
    C("role", String(12)),
    C("service", String(60)),
    C("name", String(100)),
    C("created_at", Instant, nullable=False),
    C("expires_at", Instant, nullable=False),
    C("used_at", Instant),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    _id(),
    C("token_hash", LargeBinary, nullable=False, unique=True),
    C("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    C("created_at", Instant, nullable=False),
    C("expires_at", Instant, nullable=False),
)

# --------------------------------------------------------------------------- what we ask

flow_versions = Table(  # published: never changed, never deleted
    "flow_versions",
    metadata,
    C("flow", String(60), primary_key=True),
    C("version", Integer, primary_key=True),
    C("sha256", String(64), nullable=False),
    C("source", Text, nullable=False),  # JSON: file name to text, with frame, items and translations it was built from
    C("published_at", Instant, nullable=False),
    C("retired_at", Instant),  # no new round opens with it; running ones end on it
    C("channel", String(20)),  # it was sent over this channel and published there; null: it is a file's
)

rounds = Table(
    "rounds",
    metadata,
    _id(),
    C("code", String(24), nullable=False, unique=True),  # deep link, QR code, address of the public page
    C("service", String(60), nullable=False),
    C("stage", String(12), nullable=False),
    C("flow", String(60), nullable=False),
    C("version", Integer, nullable=False),
    C("title", String(200), nullable=False),
    C("record", Text, nullable=False),  # JSON: what the texts need, per language where translated; lists of options
    C("audience", String(12), nullable=False),  # bot.rounds.lifecycle.AUDIENCES
    C("state", String(16), nullable=False),  # bot.rounds.lifecycle.State
    C("opens_at", Instant),
    C("closes_at", Instant),
    C("created_at", Instant, nullable=False),
    C("opened_at", Instant),
    C("closed_at", Instant),
    C("reported_at", Instant),
    C("created_by", ForeignKey("people.id", ondelete="SET NULL")),
    C("report", Text),  # JSON: the report-back, per language
    C("outcome", Text),  # JSON: what came of it (bot.rounds.outcome)
    C("whom", Text),  # JSON: who of the audience is meant (bot.rounds.whom)
    C("spread_hours", Integer),  # over how many hours of sending time the invitations go out; null: at once
    C("remind_at", Instant),  # null: at the usual moment
    C("forget_at", Instant),  # when its answers go at the latest, as people were told; null: so long after its end
    C("drawn_at", Instant),  # when its audience was last written down
    C("aims", Text),  # JSON: how many answers are wanted, and of whom; who lives here (bot.rounds.aims)
    C("told", Text),  # JSON: what it takes from the configuration, since it was signed or opened (bot.rounds.told)
    C("key_sealed", LargeBinary),  # pseudonym key, destroyed when the round's time is over
    Index(None, "service", "state"),
)

report_drafts = Table(  # what somebody writes on the result of a round, until it is published
    "report_drafts",
    metadata,
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("texts", Text, nullable=False),  # JSON: a text per language
    C("signed", String(200), nullable=False),  # who is to answer for it
    C("kept_at", Instant, nullable=False),
    C("who", String(120), nullable=False),
)

findings = Table(  # what a closed round says, as everybody may know it: counted once, never anew
    "findings",
    metadata,
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("at", Instant, nullable=False),
    C("body", Text, nullable=False),  # JSON: bot.digests.findings
)

round_log = Table(  # only ever added to (triggers refuse the rest): who did what, when, why
    "round_log",
    metadata,
    _id(),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),
    C("at", Instant, nullable=False),
    C("who", String(120), nullable=False),
    C("what", String(40), nullable=False),
    C("why", String(500), nullable=False, default=""),
    C("number", Integer, nullable=False),  # from 1, for each round
    C("details", Text, nullable=False),  # JSON: see storage.trail
    C("hash", LargeBinary, nullable=False),  # over the entry and the hash before it
    UniqueConstraint("round_id", "number"),
)

places = Table(  # where a round hangs out its code: a library, a bus stop, a street stall; never deleted, posters stay
    "places",
    metadata,
    _id(),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),
    C("code", String(64), nullable=False, unique=True),  # whole, as in links: the round's own comes first in it
    C("name", String(80), nullable=False),
    C("created_at", Instant, nullable=False),
    UniqueConstraint("round_id", "name"),
)

arrivals = Table(  # how many came by a place: sums, never who
    "arrivals",
    metadata,
    C("place_id", ForeignKey("places.id", ondelete="CASCADE"), primary_key=True),
    C("what", String(8), primary_key=True),  # seen, started, finished
    C("count", Integer, nullable=False),
)

margins = Table(  # who lives in the city, by area, language, age, …: for every round that says nothing of its own
    "margins",
    metadata,
    C("variable", String(60), primary_key=True),
    C("groups", Text, nullable=False),  # JSON: group to people or percent
    C("source", String(300), nullable=False),
    C("valid_on", String(10), nullable=False),  # ISO day when it held
    C("entered_by", String(120), nullable=False),
    C("entered_at", Instant, nullable=False),
)

margin_log = Table(  # only ever added to (triggers refuse the rest): who said what of who lives in the city, when, why
    "margin_log",
    metadata,
    _id(),
    C("variable", String(60), nullable=False),
    C("what", String(20), nullable=False),  # entered, forgotten
    C("at", Instant, nullable=False),
    C("who", String(120), nullable=False),
    C("why", String(500), nullable=False),
    C("groups", Text, nullable=False),  # as in margins; of what is forgotten: as it was
    C("source", String(300), nullable=False),
    C("valid_on", String(10), nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE")),  # null: the round's time is over
    C("which", String(12), nullable=False),  # invitation, reminder, report_back
    C("created_at", Instant, nullable=False),
    UniqueConstraint("round_id", "contact_id", "which"),
    Index(None, "contact_id"),
)

audience = Table(  # everybody a round wants to ask has one row: their number is the audience
    "audience",
    metadata,
    _id(),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),
    C("contact_id", ForeignKey("contacts.id", ondelete="SET NULL")),  # null: forgotten, or on the quiet list
    C("mark", LargeBinary),  # the quiet list's hash of somebody on it, of whom nothing else is kept
    C("state", String(10), nullable=False),  # arriving, waiting, invited, answered, failed, excluded
    C("reason", String(200), nullable=False, default=""),  # why excluded, or what the channel said
    C("source", String(8), nullable=False),  # agreed: a contact of ours; list: an address the city holds
    C("zone", String(60)),  # IANA name; null: the city's
    C("through", LargeBinary),  # hash of the other chat where they take part, by mail or receipt, until they answered
    UniqueConstraint("round_id", "contact_id"),
    UniqueConstraint("round_id", "mark"),
    Index(None, "contact_id"),
    Index("ix_audience_through", "through", **_where("through IS NOT NULL")),
    Index(None, "round_id", "state"),
)

quiet = Table(  # the quiet list: who must never be written to, whatever list their address stands on
    "quiet",
    metadata,
    C("hash", LargeBinary, primary_key=True),  # under a key of its own
    C("since", Instant, nullable=False),
)

# --------------------------------------------------------------------------- what is said

sessions = Table(
    "sessions",
    metadata,
    _id(),
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),
    C("flow", String(60), nullable=False),
    C("version", Integer, nullable=False),
    C("status", String(12), nullable=False),
    C("state", String(60), nullable=False),
    C("revision", Integer, nullable=False, default=0),
    C("body", Text, nullable=False),  # JSON of flows.model.Session
    C("receipt_hash", LargeBinary, nullable=False, unique=True),
    C("started_at", Instant, nullable=False),
    C("updated_at", Instant, nullable=False),
    C("ended_at", Instant),  # finished; stays set while an answer is changed afterwards
    C("first_ended_at", Instant),  # an earlier passage through the round first came to its end then
    C("wakes_at", Instant),  # goes on by itself then, unless something was sent meanwhile
    UniqueConstraint("contact_id", "round_id"),
    Index("ix_sessions_wakes_at", "wakes_at", **_where("wakes_at IS NOT NULL")),
    Index(None, "round_id", "status"),
    Index(None, "status", "started_at"),  # not `updated_at`: writing an index at each turn cost a fifth of its SQL
)

entries = Table(  # passages that staff take down for somebody, from the telephone, paper or a desk
    "entries",
    metadata,
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("person_id", ForeignKey("people.id", ondelete="SET NULL")),  # who entered it; never in what goes out
    C("kind", String(12), nullable=False),  # individual, group, organisation
    C("heads", Integer, nullable=False),  # how many people a group has; 1 otherwise
    C("organisation", String(120), nullable=False),  # its name; empty otherwise
    C("created_at", Instant, nullable=False),
    C("late", Boolean, nullable=False, default=False),  # came after the last day: counted apart
    Index(None, "round_id"),
)

SPEAKS_FOR_MANY = "choice IN ('group', 'organisation') AND (item = 'you.role' OR state = 'for_whom.kind')"
"""Somebody said for whom they answer, and it is more than one person."""

answers = Table(  # append-only but for the three marks; `counted_at` set and `withdrawn_at` null: it counts
    "answers",
    metadata,
    _id(),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),
    C("service", String(60), nullable=False),
    C("stage", String(12), nullable=False),
    C("flow", String(60), nullable=False),
    C("version", Integer, nullable=False),
    C("pseudonym", LargeBinary, nullable=False),  # of this round only
    C("state", String(60), nullable=False),
    C("item", String(60)),
    C("verb", String(12), nullable=False),
    C("choice", String(60)),  # option id (choose, rate), ISO day (date)
    C("choices", Text),  # JSON list (pick, rank, allocate, bestworst)
    C("score", Float),  # the option's value, or the number
    C("text", Text),  # free text, place, caption
    C("file", String(300)),  # the channel's or our reference to a picture or recording
    C("skipped", Boolean, nullable=False, default=False),
    C("quotable", Boolean, nullable=False, default=False),  # this person agreed to be quoted
    C("language", String(12), nullable=False),
    C("channel", String(20), nullable=False),
    C("answered_at", Instant, nullable=False),
    C("counted_at", Instant),
    C("withdrawn_at", Instant),
    Index(None, "round_id", "pseudonym", "state"),
    Index(None, "service", "counted_at"),
    Index("ix_answers_for_many", "service", **_where(SPEAKS_FOR_MANY)),
)

rulings = Table(  # of texts that others may see: goes with the words, and an approval with the yes to being quoted
    "rulings",
    metadata,
    C("answer_id", ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    C("ruling", String(12), nullable=False),  # shown, withheld
    C("reason", String(20), nullable=False),  # insulting, names, off_topic, other; empty of what is shown
    C("words", Text, nullable=False),  # of whoever withheld them, for another reason; empty otherwise
    C("person_id", ForeignKey("people.id", ondelete="SET NULL")),  # who ruled
    C("at", Instant, nullable=False),
)

counted_apart = Table(  # answers of a round that are no voice of one person, once nothing else says so
    "counted_apart",
    metadata,
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("pseudonym", LargeBinary, primary_key=True),  # of this round only
    C("kind", String(12), nullable=False),  # group, organisation, late
)

moves = Table(  # (from, to) counts per round and day: the drop-off picture, without persons
    "moves",
    metadata,
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("day", String(10), primary_key=True),
    C("origin", String(60), primary_key=True),
    C("to", String(60), primary_key=True),
    C("count", Integer, nullable=False),
)

wishes = Table(  # who wants the result of a round sent, and whether it was clear; kept apart from all answers
    "wishes",
    metadata,
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    C("what", String(12), primary_key=True),  # result, clear, partly, unclear
    C("created_at", Instant, nullable=False),
)

messages = Table(  # what a contact of the web chat has said and read; other channels keep this themselves
    "messages",
    metadata,
    _id(),
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    C("key", String(120), nullable=False, unique=True),
    C("at", Instant, nullable=False),
    C("author", String(8), nullable=False),  # citizen, bot
    C("body", Text, nullable=False),  # JSON
    Index(None, "contact_id", "id"),
)

threads = Table(  # a contact writes with the people of a service through the bot
    "threads",
    metadata,
    _id(),
    C("name", String(12), nullable=False, unique=True),  # made of chance; all that staff learn of who writes
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    C("service", String(60), nullable=False),
    C("opened_at", Instant, nullable=False),
    C("spoken_at", Instant, nullable=False),  # the last words, of either side
    C("closed_at", Instant),
    C("person_id", ForeignKey("people.id", ondelete="SET NULL")),  # looks after it; null: all of the service's people
    Index(None, "contact_id"),
    Index(None, "service", "spoken_at"),
)

thread_messages = Table(
    "thread_messages",
    metadata,
    _id(),
    C("thread_id", ForeignKey("threads.id", ondelete="CASCADE"), nullable=False),
    C("at", Instant, nullable=False),
    C("author", String(8), nullable=False),  # citizen, staff
    C("sealed", LargeBinary, nullable=False),  # the words, encrypted as addresses are
    C("person_id", ForeignKey("people.id", ondelete="SET NULL")),  # of staff: who
    C("sent_as", String(140)),  # the channel's message, so that a change of it is known
    C("form", String(140), unique=True),  # of a browser: the form, so that the same one adds nothing twice
    C("kind", String(8)),  # photo, voice; null: words alone
    C("file", String(300)),  # the channel's or our reference to it
    Index(None, "thread_id", "id"),
    Index(None, "sent_as"),
)

alarms = Table(  # words of danger, told to people at once; a digest counts them
    "alarms",
    metadata,
    _id(),
    C("key", LargeBinary, nullable=False, unique=True),  # keyed hash of the passage, so that it sounds once
    C("service", String(60), nullable=False),  # empty: written outside every round
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE")),
    C("contact_id", ForeignKey("contacts.id", ondelete="SET NULL")),  # so that DELETE finds what was sent of it
    C("at", Instant, nullable=False),
    C("told", Integer, nullable=False, default=0),  # addresses of staff it was sent to
    C("closed_at", Instant),  # somebody said that they look after it
    C("sealed", LargeBinary),  # the words without what leads to a person, until then
    Index(None, "service", "at"),
    Index(None, "contact_id"),
    Index(None, "round_id"),
)

# --------------------------------------------------------------------------- what is counted already

# Weeks that are over, counted once. Counts of people and texts only: no pseudonym and no word comes here, so nobody has
# to be erased from them. An answer that comes, goes or is taken back in such a week is noted in `week_changes` in the
# same transaction, and the week is counted anew: without whoever was deleted.

weeks = Table(
    "weeks",
    metadata,
    _id(),
    C("service", String(60), nullable=False),
    C("since", Instant, nullable=False),
    C("until", Instant, nullable=False),  # the first moment after it; the zone decides, so it is part of the key
    C("tries", Integer, nullable=False, default=0),  # to count it: only who tried last may write
    C("ready", Boolean, nullable=False, default=False),
    C("texts", Integer, nullable=False, default=0),  # written, quotable or not
    UniqueConstraint("service", "until", "since"),
    Index(None, "until"),
)

week_counts = Table(
    "week_counts",
    metadata,
    C("week_id", ForeignKey("weeks.id", ondelete="CASCADE"), primary_key=True),
    C("stage", String(12), primary_key=True),
    C("item", String(60), primary_key=True),
    C("choice", String(60), primary_key=True),
    C("people", Integer, nullable=False),
)

week_people = Table(
    "week_people",
    metadata,
    C("week_id", ForeignKey("weeks.id", ondelete="CASCADE"), primary_key=True),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("channel", String(20), primary_key=True),
    C("people", Integer, nullable=False),
    C("fresh", Integer, nullable=False),  # of them, those who had not answered in any earlier week
)

week_ballots = Table(  # of orders, divided points, best and last: how many people said what of an option
    "week_ballots",
    metadata,
    C("week_id", ForeignKey("weeks.id", ondelete="CASCADE"), primary_key=True),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("state", String(60), primary_key=True),
    C("option", String(60), primary_key=True),  # empty: how many answered at all
    C("said", String(61), primary_key=True),  # as flows/ballots.py words it
    C("people", Integer, nullable=False),
)

week_changes = Table(  # since the week was counted
    "week_changes",
    metadata,
    _id(),
    C("week_id", ForeignKey("weeks.id", ondelete="CASCADE"), nullable=False),
    C("round_id", Id),
    C("channel", String(20)),  # null: count the whole week anew
    C("fresh", Integer, nullable=False),  # to be added to those of round and channel: the first answer of these is here
    Index(None, "week_id", "channel"),
)

# --------------------------------------------------------------------------- what free texts are about

# A codebook per service. What is kept of a text goes with its answer; the themes themselves name nobody.

codebooks = Table(  # changes of a codebook are numbered, so that texts sorted by an older one are known
    "codebooks",
    metadata,
    C("service", String(60), primary_key=True),
    C("revision", Integer, nullable=False),
    C("sorted", Integer, nullable=False, default=0),  # the last one by which all recent texts were sorted
)

themes = Table(
    "themes",
    metadata,
    _id(),
    C("service", String(60), nullable=False),
    C("key", String(60), nullable=False),  # of a starter code; of a proposal, which text it began with
    C("names", Text, nullable=False),  # JSON: language to name
    C("state", String(10), nullable=False),  # proposed, confirmed, merged, dropped
    C("merged_into", Id),  # another theme; no foreign key, since a theme may go into one that came later
    C("origin", String(10), nullable=False),  # starter, proposal, manager
    C("created_at", Instant, nullable=False),
    UniqueConstraint("service", "key"),
)

readings = Table(  # that a text was read, and what a machine made of it: as personal as the text itself
    "readings",
    metadata,
    C("answer_id", ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    C("service", String(60), nullable=False),
    C("vector", LargeBinary),  # half-precision floats, little-endian; null: the reader makes none
    C("language", String(12), nullable=False),
    C("reader", String(40), nullable=False),  # what made the vector; those of two readers cannot be compared
    C("read_at", Instant, nullable=False),
    C("revision", Integer, nullable=False),  # of the codebook it was last sorted by; 0: not yet
    Index(None, "service", "revision"),
)

text_themes = Table(  # what a text is about: none, one or several themes
    "text_themes",
    metadata,
    C("answer_id", ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    C("theme_id", ForeignKey("themes.id", ondelete="CASCADE"), primary_key=True),
    C("sure", Float, nullable=False),  # 0 to 1
    C("by", String(8), nullable=False),  # sorter, group (the texts a proposal was made of), person
    Index(None, "theme_id"),
)

theme_examples = Table(  # what people corrected: the sorter learns from each; goes with the text
    "theme_examples",
    metadata,
    _id(),
    C("theme_id", ForeignKey("themes.id", ondelete="CASCADE"), nullable=False),
    C("answer_id", ForeignKey("answers.id", ondelete="CASCADE"), nullable=False),
    C("fits", Boolean, nullable=False),
    C("person_id", ForeignKey("people.id", ondelete="SET NULL")),  # who said so
    C("at", Instant, nullable=False),
    UniqueConstraint("answer_id", "theme_id"),
    Index(None, "theme_id"),
    Index(None, "person_id"),
)

machine_weeks = Table(  # how much of a week's budget a language model has used; no word of what it was asked
    "machine_weeks",
    metadata,
    C("period", String(8), primary_key=True),  # ISO week, 2026-W47
    C("asked", Integer, nullable=False),
)

campaign_texts = Table(  # texts that many sent in nearly the same words in one week: counted apart, never deleted
    "campaign_texts",
    metadata,
    C("answer_id", ForeignKey("answers.id", ondelete="CASCADE"), primary_key=True),
    C("campaign", Id, nullable=False),  # the number of its most typical text, which may be gone: only tells them apart
)

campaign_weeks = Table(  # weeks that were over and searched for campaigns
    "campaign_weeks",
    metadata,
    C("service", String(60), primary_key=True),
    C("until", Instant, primary_key=True),  # the first moment after it
    C("sought_at", Instant, nullable=False),
)

# --------------------------------------------------------------------------- what is made of it

actions = Table(  # what a service does about something it was told: records, kept
    "actions",
    metadata,
    _id(),
    C("service", String(60), nullable=False),
    C("kind", String(8), nullable=False),  # fix, answer, ask, not_us
    C("source", String(8), nullable=False),  # theme, score, issue, words
    C("origin", Text, nullable=False),  # JSON: what gave rise to it (storage.actions.Origin)
    C("words", Text, nullable=False),  # what will be done, or what is asked
    C("state", String(8), nullable=False),  # open, done, not_done
    C("outcome", Text, nullable=False, default=""),  # "we did", or the reason
    C("body", String(200), nullable=False, default=""),  # of what is not ours: who is responsible
    C("owner", String(100), nullable=False, default=""),  # as they were called when it was given to them
    C("person_id", ForeignKey("people.id", ondelete="SET NULL")),  # who owns it; null: nobody, or gone
    C("due_on", String(10)),  # ISO day
    C("created_at", Instant, nullable=False),
    C("settled_at", Instant),
    C("raised", Integer),  # people who raised it; null: not counted
    C("agreed", Integer, nullable=False, default=0),  # of them, those who agreed to hear of it
    C("told", Integer, nullable=False, default=0),  # of those, those a message went to
    C("letter", Text, nullable=False, default="{}"),  # JSON: what they were told or asked, by language
    C("expires_at", Instant),  # of a question: when it takes no answer any more
    C("form", String(140), unique=True),  # of a browser: the form, so that the same one acts once
    Index(None, "service", "state"),
    Index(None, "state", "due_on"),
)

action_log = Table(  # only ever added to (triggers refuse the rest): who changed what of an action, when, why
    "action_log",
    metadata,
    _id(),
    C("action_id", ForeignKey("actions.id"), nullable=False),
    C("at", Instant, nullable=False),
    C("who", String(120), nullable=False),
    C("what", String(20), nullable=False),
    C("why", String(500), nullable=False, default=""),
    C("changed", Text, nullable=False, default="{}"),  # JSON: column to its old and its new value
    Index(None, "action_id"),
)

action_links = Table(  # to whom an action was told, or a question put; goes with the contact and with the round's key
    "action_links",
    metadata,
    C("action_id", ForeignKey("actions.id", ondelete="CASCADE"), primary_key=True),
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True),
    C("what", String(8), primary_key=True),  # told, asked
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),  # in which they raised it
    C("at", Instant, nullable=False),
    Index(None, "contact_id"),
    Index(None, "round_id"),
)

action_replies = Table(  # what people answered to a question that was asked back; goes as their answers go
    "action_replies",
    metadata,
    _id(),
    C("action_id", ForeignKey("actions.id", ondelete="CASCADE"), nullable=False),
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), nullable=False),
    C("pseudonym", LargeBinary, nullable=False),  # of that round
    C("choice", Integer),  # which of what was offered, from 0; null: words
    C("text", Text),
    C("language", String(12), nullable=False),
    C("answered_at", Instant, nullable=False),
    UniqueConstraint("action_id", "pseudonym"),
    Index(None, "round_id", "pseudonym"),
)

looks = Table(  # only ever added to (triggers refuse the rest): who looked at the answers behind a figure
    "looks",
    metadata,
    _id(),
    C("service", String(60), nullable=False),
    C("at", Instant, nullable=False),
    C("who", String(120), nullable=False),
    C("what", Text, nullable=False),  # JSON: by what they were picked out, and the page
    C("rows", Integer, nullable=False),  # how many answers were shown
    C("hash", LargeBinary),  # over this look and the hash of the one before; null: of before looks had one
    Index(None, "service", "at"),
)

# --------------------------------------------------------------------------- out

outbox = Table(
    "outbox",
    metadata,
    _id(),
    C("key", String(120), nullable=False, unique=True),
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    C("channel", String(20), nullable=False),
    C("priority", Integer, nullable=False),  # 0 reply, 5 digest, 9 bulk; lower goes first
    C("body", Text, nullable=False),  # JSON of an Outbound without its address
    C("state", String(60)),  # the question it asks, so that an edited reply finds its answer
    C("status", String(8), nullable=False, default="due"),  # due, held, sending, sent, gone
    C("due_at", Instant, nullable=False),
    C("created_at", Instant, nullable=False),
    C("attempts", Integer, nullable=False, default=0),
    C("lease_owner", String(40)),
    C("lease_until", Instant),
    C("sent_at", Instant),  # when it was sent or gone; unset: it is still to be sent
    C("external_id", String(100)),
    C("error", String(200)),
    C("called_back", String(8)),  # of what is sending: held or gone, which it becomes unless it has left
    Index("ix_outbox_unsent", "status", "channel", "priority", "due_at", **_where("sent_at IS NULL")),
    Index(None, "contact_id", "status"),
    sqlite_autoincrement=True,  # nor that of a message: a late receipt must not settle another
)

manuscripts = Table(  # files that staff send to the bot: flows, looked at, tried out, published; documents of rounds
    "manuscripts",
    metadata,
    _id(),
    C("contact_id", ForeignKey("contacts.id", ondelete="CASCADE"), nullable=False),
    C("sent_as", String(100), nullable=False, unique=True),  # which message brought it
    C("file", String(300), nullable=False),  # the channel's reference
    C("name", String(100), nullable=False),
    C("state", String(10), nullable=False),  # sent, faulty, sound, published, paper
    C("tries", Integer, nullable=False, default=0),
    C("due_at", Instant),  # when it is looked at; null: it was
    C("files", Text, nullable=False, default="{}"),  # JSON: file name to text, of what it makes
    C("session", Text),  # JSON of flows.model.Session: how far somebody has tried it out
    C("of_round", String(24)),  # code of the round whose document it shall be; null: it is a flow
    C("created_at", Instant, nullable=False),
    Index(None, "contact_id"),
    Index(None, "due_at"),
)

# --------------------------------------------------------------------------- how managers see themselves

assessments = Table(  # one person's look at their own work; it is theirs, and seen by whom they choose
    "assessments",
    metadata,
    _id(),
    C("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    C("service", String(60), nullable=False),
    C("stage", String(12)),  # only the items of this stage; null: all
    C("begun_at", Instant, nullable=False),
    C("touched_at", Instant, nullable=False),
    C("done_at", Instant),  # null: they have not come to the end
    C("session", Text),  # JSON of flows.model.Session: how far they have come in the chat
    C("top", Text, nullable=False, default="[]"),  # JSON list of the items they want to work on
    Index(None, "person_id"),
    Index(None, "service", "done_at"),
)

assessed_levels = Table(
    "assessed_levels",
    metadata,
    C("assessment_id", ForeignKey("assessments.id", ondelete="CASCADE"), primary_key=True),
    C("item", String(5), primary_key=True),  # bot.assessing.items
    C("level", Integer),  # 0 to 4; null: not for us now
    C("evidence", String(300), nullable=False),  # where one can see it; empty: nowhere
)

predictions = Table(  # what somebody expected of a round, from before its first answer
    "predictions",
    metadata,
    C("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    C("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    C("percent", Integer, nullable=False),
    C("said_at", Instant, nullable=False),
    Index(None, "person_id"),
)

assessment_calls = Table(  # who was asked to look at their work, on which occasion: once
    "assessment_calls",
    metadata,
    C("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    C("service", String(60), primary_key=True),
    C("occasion", String(40), primary_key=True),  # a quarter (2026-Q4), or a round (round:17)
    C("at", Instant, nullable=False),
)

assessment_viewers = Table(  # whom somebody shows their scores to
    "assessment_viewers",
    metadata,
    C("person_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    C("viewer_id", ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    C("service", String(60), primary_key=True),
    Index(None, "viewer_id"),
)

digests = Table(
    "digests",
    metadata,
    _id(),
    C("person_id", ForeignKey("people.id", ondelete="CASCADE"), nullable=False),
    C("service", String(60), nullable=False),
    C("period", String(10), nullable=False),  # ISO week, 2026-W47
    C("created_at", Instant, nullable=False),
    C("body", Text, nullable=False),  # JSON of the Digest; `null` where the week was silent
    C("addresses", Integer),  # to so many it was sent; null where its reader did not want it or the week was silent
    UniqueConstraint("person_id", "service", "period"),
)

leases = Table(  # one sender per channel, one poller per token; the fence refuses a stalled owner
    "leases",
    metadata,
    C("name", String(60), primary_key=True),
    C("owner", String(40), nullable=False),
    C("fence", Id, nullable=False),
    C("until", Instant, nullable=False),
)

forgettings = Table(  # proof that something was deleted; says what kind and when, never whose
    "forgettings",
    metadata,
    _id(),
    C("at", Instant, nullable=False),
    C("what", String(40), nullable=False),
    C("rows", Integer, nullable=False),
)
