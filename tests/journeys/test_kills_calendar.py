"""The process is killed at every crossing of what the clock does: rounds, reminders, reports and digests."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, select, update

from storage import tables, weekly
from tests.journeys.ordeal import PATIENCE, Midwife, Ordeal, patient, seen, sent
from tests.journeys.town import Postbox, free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from sqlalchemy import Connection

    from tests.support.botapi.citizen import Citizen

MADRID = ZoneInfo("Europe/Madrid")
DRAWING = ["audience.draws", "audience.drew", "audience.drawn", "audience.stands"]
OPENING = ["round.moves", "round.moved", *DRAWING, "round.invites", "round.invited"]
REMINDING = ["round.reminds", "round.reminded"]
SETTLING = ["audience.settles", "audience.settled"]
COUNTING = ["findings.keeps", "findings.kept"]
PROMISING = ["promise.reminds", "promise.reminded"]
RESTING = ["round.rests", "round.rested"]
SILENCE = ["session.reminds", "session.reminded"]
SWEEPS = (
    "sweep.leases sweep.leased lease.returns lease.returned leaps.undoes leaps.undone privacy.forgets privacy.forgot"
).split()
DIGEST = (
    "weeks.lays weeks.laid weeks.begins weeks.begun weeks.counts weeks.counted campaigns.notes "
    "campaigns.noted digest.drawn digest.written digest.queued mail.hands_over mail.handed_over"
).split()
FOLDING = ["weeks.folds", "weeks.folded"]
ASSESSING = ["assessment.calls", "assessment.called"]
LEAVING = ["session.ends", "session.ended"]
CLOSING = ["round.moves", "round.moved"]
ACTING = ["round.acts", "round.acted"]
REPORT = ["report.written", "report.committed"]
CROSSINGS = [
    *OPENING,
    *DRAWING,
    *REMINDING,
    *SETTLING,
    *PROMISING,
    *RESTING,
    *SILENCE,
    *SWEEPS,
    *DIGEST,
    *FOLDING,
    *ASSESSING,
    *LEAVING,
    *CLOSING,
    *REPORT,
    *COUNTING,
    *ACTING,
]
RECORD = """
topic = "opening hours"
decider = "the city council"
decided_on = "2027-02-08"
open_points = "days and hours"
fixed_points = "the building"
influence = "ask"
duty = "none"
level = "collective"
feedback_on = "2027-02-10"
"""
ANSWERS = (
    ("16 or older", "yes"),
    ("Shall we begin", "yes"),
    ("should change", "Open until ten in the evening"),
    ("Shall I ask them", "no"),
    ("quote your words", "no"),
    ("send you the result", "yes"),
    ("invite you again", "yes"),
    ("Send OK", "ok"),
)
INVITED, REMINDED, REPORTED = "we may invite you again", "You began to answer", "You said: later."
PROMISED = "the result is promised for"
LOOK = "look at your own work"
TALKING, SILENT, AGAIN = 6, 2, 1
"""How many people answer the round to its end, how many fall silent in it, and how many of the first look again."""
BOSSES = ("maya@city.example", "omar@city.example")


@pytest.fixture(scope="module")
def midwife() -> Iterator[Midwife]:
    """Give one process to fork all lives of this module, with what draws digests loaded."""
    midwife = Midwife("bot.digests.render", "matplotlib.figure", "pandas")
    yield midwife
    midwife.close()


@pytest.fixture
def post() -> Iterator[tuple[Postbox, int]]:
    """Give a mail server and its port."""
    postbox = Postbox()
    server = Controller(postbox, hostname="127.0.0.1", port=free_port())
    server.start()
    yield postbox, server.port
    server.stop()


def january(day: int, hour: int) -> datetime:
    """Return a moment of the month in which all happens."""
    return datetime(2027, 1, day, hour, tzinfo=MADRID)


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_rounds_reminders_reports_and_digests_come_once_wherever_the_process_is_killed(
    bare_url: str, tmp_path: Path, midwife: Midwife, post: tuple[Postbox, int]
) -> None:
    box, port = post
    mail = {"HOST": "127.0.0.1", "PORT": str(port), "FROM_ADDRESS": "voice@city.example", "STARTTLS": "false"}
    env = {f"CIVICLOOP_MAIL__{name}": value for name, value in mail.items()}
    (tmp_path / "record.toml").write_text(RECORD, encoding="utf-8")
    async with Ordeal(tmp_path, bare_url, midwife, env=env) as ordeal:
        ordeal.set_clock(january(11, 9))
        ordeal.code = await ordeal.opened("matters")
        chief = await managers_are_invited(ordeal)
        ordeal.people(TALKING + SILENT, patient)
        citizens = [each for each in ordeal.api.citizens.values() if each is not chief]
        await lives_until(ordeal, *ordeal.talks, seen(chief, "manager"))
        await managers_are_asked(ordeal)
        code = await a_round_opens(ordeal, citizens)
        await the_silent_are_reminded(ordeal, citizens)
        await the_round_reminds(ordeal)
        await dies_at_each(ordeal, SWEEPS)
        await digests_are_written(ordeal, box, chief)
        await a_week_is_counted_anew(ordeal)
        await the_round_closes(ordeal, box, chief)
        await the_result_is_told(ordeal, code, citizens)
        await what_people_said_is_counted(ordeal, code)
        await organisers_act(ordeal)
        check(ordeal, box, citizens, chief, code)
    print(f"{ordeal.kills} kills, {len(box.messages)} mails for {len(BOSSES)} readers")  # noqa: T201 - the figures
    assert ordeal.kills > len(CROSSINGS)


async def managers_are_invited(ordeal: Ordeal) -> Citizen:
    """Two read digests by mail; the third, who is returned, in Telegram."""
    for address in BOSSES:
        await ordeal.command("invite", "--role", "manager", "--service", "library", "--mail", address)
    links = await ordeal.asks("invite", "--role", "manager", "--service", "library", "--name", "Nora")
    chief = ordeal.api.citizen(1, name="Nora")
    await chief.sends(links["telegram"])
    return chief


async def lives_until(ordeal: Ordeal, *happens: Awaitable[object]) -> None:
    """Live without an accident until all this has happened, and die."""
    await ordeal.lives()
    await asyncio.gather(*happens)
    await ordeal.over()
    await ordeal.killed()


async def dies_at_each(ordeal: Ordeal, crossings: list[str]) -> None:
    """Live and die at one crossing after the other."""
    for crossing in crossings:
        await ordeal.lives(f"{crossing}:1")
        assert await ordeal.dies(), ordeal.told()


async def managers_are_asked(ordeal: Ordeal) -> None:
    """In the evening after they came all three are asked to look at their own work, wherever it is killed."""
    ordeal.set_clock(january(11, 22))
    await dies_at_each(ordeal, ASSESSING)


async def a_round_opens(ordeal: Ordeal, citizens: list[Citizen]) -> str:
    """It opens, invites by the clock and rests a while; most answer, some fall silent. Returns its code."""
    times = ("--from", "2027-01-12", "--to", "2027-01-20", "--audience", "agreed")
    code = await ordeal.opened("changes", *times, "--record", str(ordeal.folder / "record.toml"))
    ordeal.set_clock(january(12, 10))
    await dies_at_each(ordeal, OPENING)
    await ordeal.command("round", "pause", code, "--why", "a mistake in the letter")
    await dies_at_each(ordeal, RESTING)
    await ordeal.command("round", "resume", code)
    talks = [talks_about_changes(each, code, to_the_end=n < TALKING) for n, each in enumerate(citizens)]
    await lives_until(ordeal, *talks)
    await lives_until(ordeal, *(looks_again(each) for each in citizens[:AGAIN]))
    return code


async def talks_about_changes(citizen: Citizen, code: str, *, to_the_end: bool) -> None:
    """Wait for the invitation, and answer everything or next to nothing."""
    await seen(citizen, INVITED)
    since = len(citizen.chat.happenings)
    await citizen.sends(f"/start {code}")
    for question, text in ANSWERS if to_the_end else ANSWERS[:2]:
        await seen(citizen, question, since)
        await citizen.sends(text)
    await seen(citizen, "Your receipt is" if to_the_end else "should change", since)


async def looks_again(citizen: Citizen) -> None:
    """Want to change an answer that is handed in, and then leave it: in the end it stands as it was."""
    await seen(citizen, "Your receipt is", 1)
    await citizen.sends("change")
    await seen(citizen, "Send a number to change one")


async def the_silent_are_reminded(ordeal: Ordeal, citizens: list[Citizen]) -> None:
    ordeal.set_clock(january(15, 12))
    await dies_at_each(ordeal, SILENCE)
    silent = [*citizens[:AGAIN], *citizens[TALKING:]]
    await lives_until(ordeal, *(seen(each, REMINDED) for each in silent))


async def the_round_reminds(ordeal: Ordeal) -> None:
    """At half of its time the round looks who is silent, wherever it is killed."""
    ordeal.set_clock(january(17, 12))
    await dies_at_each(ordeal, REMINDING)
    answered = tables.audience.c.state == "answered"
    with ordeal.writing() as db:
        noted = db.execute(update(tables.audience).where(answered).values(state="invited")).rowcount
    await dies_at_each(ordeal, SETTLING)
    with ordeal.looking() as db:
        assert len(db.execute(select(tables.audience.c.id).where(answered)).all()) == noted > 0


async def digests_are_written(ordeal: Ordeal, box: Postbox, chief: Citizen) -> None:
    ordeal.set_clock(january(18, 10))
    await dies_at_each(ordeal, DIGEST)
    await lives_until(ordeal, seen(chief, "people answered"), mailed(box))


async def a_week_is_counted_anew(ordeal: Ordeal) -> None:
    """An answer of a week that was counted is withdrawn; in the end the week's figures are without it."""
    for crossing in FOLDING:
        withdraw_one(ordeal)
        await dies_at_each(ordeal, [crossing])
    await lives_until(ordeal, counted_again(ordeal))
    with ordeal.looking() as db:
        for span, figures in kept_figures(db).items():
            assert figures == weekly.count(db, "library", span)


def withdraw_one(ordeal: Ordeal) -> None:
    """Let one more answer of the pulse no longer stand."""
    standing = tables.answers.c.withdrawn_at.is_(None)
    one = select(func.min(tables.answers.c.id)).where(standing, tables.answers.c.flow == "matters").scalar_subquery()
    with ordeal.writing() as db:
        db.execute(update(tables.answers).where(tables.answers.c.id == one).values(withdrawn_at=january(18, 11)))


async def counted_again(ordeal: Ordeal) -> None:
    """Wait until every week that is laid has figures, and none has changed since."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with ordeal.looking() as db:
                changed = db.execute(select(tables.week_changes.c.id)).all()
                open_ = db.execute(select(tables.weeks.c.id).where(tables.weeks.c.ready.is_(False))).all()
            if not changed and not open_:
                return
            await asyncio.sleep(0.2)


def kept_figures(db: Connection) -> dict[weekly.Span, weekly.Figures]:
    """Return what is kept of each week of the library."""
    spans = db.execute(select(tables.weeks.c.since, tables.weeks.c.until).where(tables.weeks.c.service == "library"))
    found = weekly.figures(db, "library", [tuple(span) for span in spans])
    assert found
    return found


async def mailed(box: Postbox, words: str = "") -> None:
    """Wait until everybody who reads by mail has one that says so; without words: a digest."""
    async with asyncio.timeout(PATIENCE):
        while {mail["To"] for mail in box.messages if of(mail, words)} != set(BOSSES):  # noqa: ASYNC110 - the mail server has a thread of its own
            await asyncio.sleep(0.1)


def of(mail: EmailMessage, words: str) -> bool:
    """Whether a mail says these words; without any: whether it is a digest, and no reminder."""
    body = mail.get_body(("plain",))
    said = " ".join(body.get_content().split()) if body is not None else ""
    return words in said if words else PROMISED not in said and LOOK not in said


async def the_round_closes(ordeal: Ordeal, box: Postbox, chief: Citizen) -> None:
    """Whoever has been silent for a week has left; then the round is over."""
    ordeal.set_clock(january(20, 12))
    await dies_at_each(ordeal, LEAVING)
    ordeal.set_clock(january(21, 9))
    await dies_at_each(ordeal, CLOSING)
    await dies_at_each(ordeal, PROMISING)
    await lives_until(ordeal, expired(ordeal), seen(chief, PROMISED), mailed(box, PROMISED))


async def expired(ordeal: Ordeal) -> None:
    """Wait until no session is open any more."""
    active = select(tables.sessions.c.id).where(tables.sessions.c.status == "active")
    async with asyncio.timeout(PATIENCE):
        while True:
            with ordeal.looking() as db:
                if not db.execute(active).all():
                    return
            await asyncio.sleep(0.2)


async def the_result_is_told(ordeal: Ordeal, code: str, citizens: list[Citizen]) -> None:
    """The command dies before and after its commit, and is then told that it has been done."""
    words = ("round", "report-back", code, "--signed", "Ada Ames", "--text", f"en={REPORTED}")
    await ordeal.command(*words, crash_at="report.written:1", status=-9)
    await ordeal.command(*words, crash_at="report.committed:1", status=-9)
    await ordeal.command(*words, status=1)
    await lives_until(ordeal, *(seen(each, REPORTED) for each in citizens[:TALKING]))


async def what_people_said_is_counted(ordeal: Ordeal, code: str) -> None:
    """Nobody is in the middle any more: it is counted once, wherever it is killed."""
    ordeal.set_clock(january(21, 11))
    await dies_at_each(ordeal, COUNTING)
    mine = select(tables.rounds.c.id).where(tables.rounds.c.code == code).scalar_subquery()
    with ordeal.looking() as db:
        assert len(db.execute(select(tables.findings.c.body).where(tables.findings.c.round_id == mine)).all()) == 1
    assert log_of(ordeal, code)[-1] == "counted"


async def organisers_act(ordeal: Ordeal) -> None:
    """A command that dies before its commit has done nothing, one that dies after it has done all."""
    about = ("--service", "library", "--flow", "matters", "--title", "By hand")
    code = (await ordeal.asks("round", "new", *about))["code"]
    for word in ("open", "close"):
        words = ("round", word, code)
        await ordeal.command(*words, crash_at="round.acts:1", status=-9)
        await ordeal.command(*words, crash_at="round.acted:1", status=-9)
        await ordeal.command(*words, status=1)
    assert log_of(ordeal, code) == ["created", "opened", "closed"]


def log_of(ordeal: Ordeal, code: str) -> list[str]:
    """Return what was done to a round, in order."""
    mine = select(tables.rounds.c.id).where(tables.rounds.c.code == code).scalar_subquery()
    steps = select(tables.round_log.c.what).where(tables.round_log.c.round_id == mine)
    with ordeal.looking() as db:
        return list(db.execute(steps.order_by(tables.round_log.c.id)).scalars())


# --------------------------------------------------------------------------- counting


def check(ordeal: Ordeal, box: Postbox, citizens: list[Citizen], chief: Citizen, code: str) -> None:
    """Count from both sides: the servers' and the database's."""
    with ordeal.looking() as db:
        keys = [key.split(".") for key in db.execute(select(tables.outbox.c.key)).scalars()]
        called_back = tables.outbox.c.key.startswith("remind.") & (tables.outbox.c.status == "gone")
        still = (tables.outbox.c.status != "sent") & ~called_back  # who had answered, and whom we called silent above
        unsent = db.execute(select(tables.outbox.c.key).where(still)).all()
        of = select(tables.rounds.c.id, tables.rounds.c.state).where(tables.rounds.c.code == code)
        round_id, state = db.execute(of).one()
        digests = db.execute(select(tables.digests.c.person_id, tables.digests.c.period)).all()
        stood = select(tables.sessions.c.status).where(tables.sessions.c.round_id == round_id)
        ended = Counter(db.execute(stood).scalars())
    written = Counter(key[0] for key in keys if key[-1] == "0")
    assert unsent == []
    assert (written["invite"], written["silence"], written["report"]) == (len(citizens), SILENT + AGAIN, TALKING)
    assert written["assess"] == len(BOSSES) + 1
    assert state == "reported_back"
    assert log_of(ordeal, code) == [
        *("created", "approved", "scheduled", "opened", "paused", "resumed"),
        *("closed", "reminded", "reported_back", "counted"),
    ]
    assert ended["completed"] == TALKING
    assert ended.keys() <= {"completed", "expired"}, "a session stands open, or somewhere else"
    assert sorted(period for _, period in digests) == ["2027-W02"] * 3
    assert len({person for person, _ in digests}) == 3
    check_repeats(ordeal, box, citizens, chief)
    assert ordeal.api.violations == []


def check_repeats(ordeal: Ordeal, box: Postbox, citizens: list[Citizen], chief: Citizen) -> None:
    """Nothing came more often than it was decided and on its way at a kill; a mail again has the same Message-ID."""
    flown = Counter(key.split(".")[0].split(":")[0] for keys in ordeal.flying for key in keys)
    for what, words, people in (
        ("invite", INVITED, citizens),
        ("silence", REMINDED, [*citizens[:AGAIN], *citizens[TALKING:]]),
        ("report", REPORTED, citizens[:TALKING]),
    ):
        came = [sum(words in text for text in sent(each)) for each in people]
        assert min(came) == 1
        assert sum(came) - len(people) <= flown[what]
    for words in (PROMISED, LOOK):
        told = {(mail["To"], mail["Message-ID"]) for mail in box.messages if of(mail, words)}
        assert len(told) == len(BOSSES), "somebody was reminded twice of one day, or asked twice to look"
    mails = Counter((mail["To"], mail["Message-ID"]) for mail in box.messages if of(mail, ""))
    assert {to for to, _ in mails} == set(BOSSES)
    assert len(mails) == len(BOSSES), "a repeated mail has another Message-ID"
    chats = sum("people answered" in text for text in sent(chief))
    assert chats >= 1
    assert sum(mails.values()) - len(BOSSES) + chats - 1 <= flown["digest"]
    assert sum(mails.values()) > len(BOSSES)  # killed between the mail server's answer and the commit
