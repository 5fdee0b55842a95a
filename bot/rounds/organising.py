"""What an organiser does with rounds; the command line, the pages and the chat call the same.

Every act writes a line to the round's log. What the rules forbid raises `Refused` with one line for the reader.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot import leaving, own_data, rights
from bot.channels.base import Outbound
from bot.errors import Refused
from bot.letters import sealed, write
from bot.rights import Right
from bot.rounds import addresses, codes, legal, mailed, places, record, turnout, wording
from bot.rounds import whom as whoms
from bot.rounds.acting import LONGEST, fits
from bot.rounds.addresses import unheard
from bot.rounds.fairness import Fairness
from bot.rounds.hours import Hours
from bot.rounds.invitations import MAIL, letters_of
from bot.rounds.library import sketch
from bot.rounds.lifecycle import AUDIENCES, BEGINNING, LATEST, LINK, LISTED, RUNNING, State, as_of, last_day
from bot.rounds.looking import ASKING, CHANGES, RoundView, stage_of, view
from bot.rounds.papers import Papers, carried
from bot.rounds.record import forgets_at
from bot.rounds.report_back import Reason, call_off
from bot.rounds.told import with_months
from bot.rounds.whom import Held
from bot.rounds.written import shaped
from flows.words import fill
from storage import (
    audience,
    contacts,
    deletions,
    flow_versions,
    outbox,
    people,
    rounds,
    seals,
    sessions,
    trail,
    wishes,
)
from storage import places as kept_places
from storage.contacts import NewContact
from storage.outbox import NewMessage
from storage.rounds import NewRound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy import Connection

    from bot.rounds.addresses import Line, Read, Reading
    from bot.rounds.places import PlaceView
    from bot.rounds.whom import Whom
    from flows.model import Flow
    from storage.rounds import RoundRow

TITLE = 200
"""Characters of a title."""
NO_DAYS: Mapping[str, str] = {}
IN_NO_OTHER: Mapping[str, str] = {}
MOMENTS = ("opens_at", "closes_at", "remind_at")
FACTS = frozenset(
    {"service", "flow", "title", "record", "audience", "opens_at", "closes_at", "whom", "spread_hours", "remind_at"}
)


class Rounds(Fairness, Papers):
    """The rounds of an installation. Synchronous; each act is one transaction."""

    def create(  # noqa: PLR0913 - a round has that many facts
        self,
        *,
        service: str,
        flow: str,
        title: str,
        record: Mapping[str, object],
        audience: str = LINK,
        opens_at: datetime | None = None,
        closes_at: datetime | None = None,
        who: int | None = None,
        code: str | None = None,
        whom: Mapping[str, Any] | None = None,
        spread_hours: int | None = None,
        remind_at: datetime | None = None,
    ) -> RoundView:
        """Write a draft; `who` is a person's id, `code` one of their choice. Raises `Refused` where it cannot stand.

        `whom` says who of the audience is meant (see `bot.rounds.whom`), `spread_hours` over how many hours of sending
        time they are invited, `remind_at` when the silent are reminded.
        """
        self._near(opens_at, closes_at, remind_at)
        if code is not None and codes.own_code(code) is None:
            raise wording.Forbidden("bad_code", code=code)
        found = self._flow(flow)
        self._allowed(service, found, audience, title)
        facts = _entitled({"title": title, "record": carried({}, _shaped(record))}, self.language(flow, service))
        now = self._clock()
        new = NewRound(
            code=code or codes.round_code(title, self._mint()),
            service=service,
            stage=stage_of(found),
            flow=found.id,
            version=found.version,
            title=title.strip(),
            record=_dumped(facts["record"]),
            audience=audience,
            created_at=now,
            key_sealed=self._keys.seal(self._keys.round_key(self._mint)),
            opens_at=opens_at,
            closes_at=closes_at,
            created_by=who,
            spread_hours=whoms.checked_spread(spread_hours),
            remind_at=remind_at,
            forget_at=forgets_at(facts["record"], self._config.city.zone),
        )
        whoms.checked_reminder(remind_at, opens_at, closes_at)
        meant = whoms.checked(whom or {}, self._config, self._mint())
        with self._act() as db:
            new = replace(new, whom=whoms.dump(self._within(db, who, meant)))
            if rounds.by_code(db, new.code) or kept_places.by_code(db, new.code):
                raise wording.Forbidden("taken_code", code=new.code)
            row = rounds.add(db, new)
            self._note(db, row, who, "created", now, changed=_changed(None, row))
        return view(row)

    def change(
        self,
        code: str,
        *,
        who: int | None = None,
        seen: int | None = None,
        why: str = "",
        **facts: Any,  # noqa: ANN401 - facts of many types
    ) -> RoundView:
        """Change facts of a round that has not begun (the same names as in `create`): it is a draft again, unsigned.

        One that is scheduled, and that nobody has to sign, stays so while nothing is missing.
        `seen` is the last entry of its log that whoever changes it has seen, `why` stands in its log. Where everything
        is as it was, nothing is done. Raises `Refused` where somebody else has changed it since, where it is signed and
        nobody says why, and once it is open.
        """
        self._near(*(facts.get(name) for name in MOMENTS))
        unknown = facts.keys() - FACTS
        if unknown:
            raise TypeError(f"a round has no {', '.join(sorted(unknown))}")
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, BEGINNING, "not_draft")
            self._as_seen(db, row, seen)
            flow = self._flow(facts.get("flow", row.flow))
            service = facts.get("service", row.service)
            if "record" in facts:
                facts = _entitled(facts | {"record": _shaped(facts["record"])}, self.language(flow.id, service))
            self._allowed(service, flow, facts.get("audience", row.audience), str(facts.get("title", row.title)))
            self._asked_of(db, row, who, facts)
            self._lists_are_asked(row, facts.get("audience", row.audience))
            if "record" in facts:
                said = carried(_loaded(row), facts["record"])
                facts |= {"record": _dumped(said), "forget_at": forgets_at(said, self._config.city.zone)}
            rounds.change(db, row.id, **facts | {"stage": stage_of(flow), "version": flow.version})
            now = self._row(db, code)
            if changed := _changed(row, now):
                why = self._why_changed(db, row, why)
                self._redrafted(db, now)
                self._note(db, row, who, "changed", self._clock(), why, changed=changed)
            return view(self._row(db, code))

    def _asked_of(self, db: Connection, row: RoundRow, who: int | None, facts: dict[str, Any]) -> None:
        """Check who is asked and when, and lay it down in the shape that is kept; lists stay."""
        if "whom" in facts:
            before = whoms.load(row.whom)
            meant = replace(whoms.checked(facts["whom"], self._config, self._mint()), lists=before.lists)
            facts["whom"] = whoms.dump(meant if meant == before else self._within(db, who, meant))
        whoms.checked_spread(facts.get("spread_hours"))
        moments = (facts.get(name, getattr(row, name)) for name in ("remind_at", "opens_at", "closes_at"))
        whoms.checked_reminder(*moments)

    @staticmethod
    def _lists_are_asked(row: RoundRow, audience: str) -> None:
        """Nobody on a list is left unasked by a choice that does not name it: it is taken away first."""
        if audience == LINK != row.audience and whoms.load(row.whom).lists:
            raise wording.Forbidden("list_held", code=row.code)

    def _within(self, db: Connection, who: int | None, meant: Whom) -> Whom:
        """Return who is meant, chosen by rounds of services alone whose answers this member of staff may read.

        Where none is named, and earlier rounds decide, those are named. Raises `Refused` for any other service.
        """
        if who is None:
            return meant
        every, roles = [service.key for service in self._config.services], people.roles_of(db, who)
        own = [service for service in every if rights.may(roles, service, Right.READ_ANSWERS)]
        for service in meant.services:
            if service not in own:
                raise wording.Forbidden("foreign_service", value=service, known=", ".join(own))
        looks_back = meant.looks_into_answers or bool(meant.stages)
        return replace(meant, services=tuple(own)) if looks_back and not meant.services and own != every else meant

    def receive(
        self,
        code: str,
        file: Path,
        ground: str,
        *,
        leave_out: bool = False,
        who: int | None = None,
        looked: Read = unheard,
        taken: Read = unheard,
    ) -> tuple[Reading, int]:
        """Take the mail addresses of a CSV file into the audience of a draft; return what it holds, how many are new.

        `ground` is the legal ground on which the city may write to them. Nothing is taken in while a row is bad, unless
        bad rows are to be left out; nor is anything of a file not read to its end. Raises `Refused` for a file without
        any address. `looked` hears how many lines more have been looked at, and of how many; `taken` the same of the
        rows that are taken in.
        """
        ground = ground.strip()
        if not ground:
            raise wording.Forbidden("no_ground")
        fits("ground", ground, LONGEST)
        seen = addresses.look(file, looked, self._config.city.languages)
        if seen.bad and not leave_out:
            return seen, 0
        if not seen.rows:
            raise wording.Forbidden("list_empty")
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, BEGINNING, "not_draft")
            if any(one.sha256 == seen.sha256 for one in whoms.load(row.whom).lists):
                return seen, 0
            audience.turn_back(db, row.id)
        new = 0
        for group in addresses.groups(file):
            new += self._take_in(row, group)
            taken(len(group), seen.rows)
        if not self._arrived(code, Held(ground, seen.sha256, new), who):
            raise wording.Forbidden("lists_at_once")
        return seen, new

    def _take_in(self, row: RoundRow, group: Sequence[Line]) -> int:
        """Write down a group of addresses, sealed, and return how many are new; of the quiet list nothing but that."""
        known, first, now = self._config.city.languages, self._config.city.languages[0], self._clock()
        marks = {line.address: {self._keys.quiet_hash(MAIL, said) for said in line.spellings} for line in group}
        with self._act() as db:
            hushed = audience.hushed(db, [mark for each in marks.values() for mark in each])
            heard = list({line.address: line for line in group if not marks[line.address] & hushed}.values())
            new = [
                NewContact(
                    MAIL,
                    self._keys.address_hash(MAIL, line.address),
                    self._keys.seal(line.address),
                    addresses.spoken(line.language, known) or first,
                    now,
                )
                for line in heard
            ]
            made = contacts.add(db, new) if new else []
            people_ = [(one.id, None, line.zone) for one, line in zip(made, heard, strict=True)]
            return audience.receive(db, row.id, [*people_, *((None, mark, None) for mark in hushed)])

    def _arrived(self, code: str, held: Held, who: int | None) -> bool:
        """The whole list is there: from now on it belongs to the audience; a signature is void.

        Where it is not, because another list was taken in meanwhile and swept this one away, nothing of it stays.
        """
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, BEGINNING, "not_draft")
            if audience.arriving(db, row.id) != held.people:
                audience.turn_back(db, row.id)
                return False
            audience.arrive(db, row.id)
            meant = whoms.load(row.whom)
            whole = replace(meant, lists=(*meant.lists, held))
            rounds.change(db, row.id, whom=whoms.dump(whole), audience=LISTED if row.audience == LINK else row.audience)
            now = self._row(db, code)
            self._redrafted(db, now)
            self._note(db, row, who, "changed", self._clock(), held.ground, changed=_changed(row, now))
        return True

    def take_away(self, code: str, why: str = "", who: int | None = None) -> int:
        """Take all lists of a draft out of its audience; return how many people were in it. A signature is void.

        Raises `Refused` once the round has begun, where it has no list, and where it is signed and nobody says why.
        """
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, BEGINNING, "not_draft")
            meant = whoms.load(row.whom)
            if not meant.lists:
                raise wording.Forbidden("no_list", code=code)
            why = self._why_changed(db, row, why)
            gone = audience.take_away(db, row.id)
            left = whoms.dump(replace(meant, lists=()))
            rounds.change(db, row.id, whom=left, audience=LINK if row.audience == LISTED else row.audience)
            now = self._row(db, code)
            self._redrafted(db, now)
            self._note(db, row, who, "changed", self._clock(), why, changed=_changed(row, now))
        return gone

    def hush(self, mails: Iterable[str]) -> int:
        """Put mail addresses on the quiet list, whoever holds them; return how many are new on it."""
        now = self._clock()
        known = [addresses.spellings(mail) for mail in mails]
        plain, spelt = list(dict.fromkeys(each[0] for each in known)), {one for each in known for one in each}
        with self._act() as db:
            found = contacts.find(db, [(MAIL, self._keys.address_hash(MAIL, mail)) for mail in sorted(spelt)])
            marks = [self._keys.quiet_hash(MAIL, mail) for mail in plain]
            left = [deletions.Entry(now, deletions.STOPPED, deletions.sign(self._keys, one)) for one in found.values()]
            hushed = [deletions.Entry(now, deletions.HUSHED, self._keys.lasting(mark).hex()) for mark in marks]
            deletions.record(self._keys, [*left, *hushed])
            for one in found.values():
                contacts.set_stopped(db, one.id, now)
                contacts.set_invite_again(db, one.id, None)
                outbox.cancel(db, one.id, now, bulk_only=True)
            wishes.forget(db, [one.id for one in found.values()])
            return audience.hush(db, marks, now)

    def may_leave(self, token: str) -> bool:
        """Whether a link of a mail can stop the mails to somebody."""
        return leaving.whose(self._keys, token) is not None

    def leave(self, token: str) -> bool:
        """Stop all mails to whom a link of a mail belongs; return whether it is one of ours."""
        address = leaving.whose(self._keys, token)
        if address is not None:
            self.hush([address])
        return address is not None

    def send_data(self, token: str) -> bool:
        """Send whom a link of a mail belongs to the way to all that is kept of them; return whether it is one of ours.

        It goes to that address alone, at most once an hour: a mail that was passed on shows nobody's data.
        """
        address = leaving.whose(self._keys, token)
        if address is None:
            return False
        now = self._clock()
        with self._act() as db:
            hash_ = self._keys.address_hash(MAIL, address)
            contact = contacts.find(db, [(MAIL, hash_)]).get((MAIL, hash_))
            if contact is not None:
                link = own_data.link(self._keys, record.public_url(self._config), contact.id, now)
                said = self._library.phrases[contact.language]
                text = "\n\n".join((said["mydata_intro"], fill(said["mydata_file"], {"link": link})))
                key = f"mydata:{contact.id}:{now:%Y-%m-%dT%H}"
                body = sealed(write(Outbound(key, "", text, language=contact.language)), self._keys)
                outbox.enqueue(db, [NewMessage(key, contact.id, MAIL, outbox.REPLY, body, now, now)])
        return True

    def may_take_data(self, token: str) -> bool:
        """Whether a link of MYDATA shows somebody's data now."""
        return own_data.whose(self._keys, token, self._clock()) is not None

    def own_data(self, token: str, form: str) -> str | None:
        """Return all that is kept of whose link of MYDATA it is, as `json` or `csv`; None where it is nobody's."""
        with self._database.reading() as db:
            found = own_data.find(db, self._config, self._library, self._keys, token, self._clock())
        if found is None:
            return None
        return own_data.as_csv(found) if form == "csv" else own_data.as_json(found)

    def is_mailed(self, token: str) -> bool:
        """Whether the link of an invitation by mail brings this."""
        return mailed.whose(self._keys, token) is not None

    def came(self, code: str, token: str, address: str) -> bool:
        """Note in which chat, by its address, whoever has the link of a mail takes part; return whether it leads here.

        By it they count as having answered once they have. What they say is found by the chat alone.
        """
        whose = mailed.whose(self._keys, token)
        if whose is None:
            return False
        with self._act() as db:
            row = rounds.by_code(db, code)
            if row is None or row.id != whose[0]:
                return False
            audience.came(db, *whose, self._keys.address_hash("web", address))
        return True

    @staticmethod
    def _near(*moments: datetime | None) -> None:
        """Nobody can reckon with days at the end of the calendar."""
        if any(at is not None and at.year > LATEST for at in moments):
            raise wording.Forbidden("too_far", year=LATEST)

    @staticmethod
    def _as_seen(db: Connection, row: RoundRow, seen: int | None) -> None:
        """Nobody writes over, or signs, what they have not read."""
        if seen is not None and any(each.what in CHANGES and each.number > seen for each in trail.of(db, row.id)):
            raise wording.Forbidden("changed_meanwhile")

    def approve(self, code: str, *, who: int, why: str = "", seen: int | None = None) -> RoundView:
        """Sign a draft in which nothing is missing: now it may open, and its questions are those that were signed.

        `who` may approve rounds of the service, has neither written this one nor changed it, and is not called like
        whoever did: two people have seen it then. `why` stands in the log. `seen` is the last entry of its log that
        they have seen. Raises `Refused` otherwise, where somebody has changed it since, and while `check` finds faults.
        """
        now = self._clock()
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, (State.DRAFT,), "cannot_sign", state=row.state)
            if not rights.may(people.roles_of(db, who), row.service, Right.SIGN_ROUNDS):
                raise wording.Forbidden("not_approver", service=row.service)
            if who in self.authors(db, row):
                raise wording.Forbidden("own_round" if who in self.writers(db, row) else "namesake")
            self._as_seen(db, row, seen)
            self._complete(db, row)
            self._library.freeze(db, row, now)
            rounds.move(db, row.id, (State.DRAFT,), State.CHECKED)
            self._note(db, row, who, "approved", now, why)
            return view(self._row(db, code))

    def redraft(self, code: str, why: str, *, who: int | None = None) -> RoundView:
        """Make a round that is signed or scheduled a draft again, for a reason, before anything in it is changed.

        Raises `Refused` without a reason, and where it is none of both.
        """
        self._reasoned(why)
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, (State.CHECKED, State.SCHEDULED), "not_draft")
            rounds.move(db, row.id, (State.CHECKED, State.SCHEDULED), State.DRAFT)
            self._unsettled(db, row)
            self._note(db, row, who, "changed", self._clock(), why.strip())
            return view(self._row(db, code))

    def open(self, code: str, *, who: int | None = None) -> RoundView:
        """Open now, or schedule where its day lies ahead.

        Raises `Refused` while `check` finds faults, or where nobody has signed a round that has an end.
        """
        now = self._clock()
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, BEGINNING, "cannot_start", state=row.state)
            self._complete(db, row)
            if self._unsigned(db, row):
                raise wording.Forbidden("not_signed", code=code)
            self._library.freeze(db, row, now)
            if row.opens_at is not None and row.opens_at > now:
                if rounds.move(db, row.id, (State.DRAFT, State.CHECKED), State.SCHEDULED):
                    self._note(db, row, who, "scheduled", now)
            elif rounds.move(db, row.id, BEGINNING, State.OPEN, opened_at=now):
                self._note(db, row, who, "opened", now)
            return view(self._row(db, code))

    def close(self, code: str, *, who: int | None = None, why: str = "") -> RoundView:
        """Close now; invitations not yet sent stay unsent. Raises `Refused` for a round that is not open or paused."""
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, RUNNING, "cancel_instead" if row.state in BEGINNING else "not_open", code=code)
            return self._ended(db, row, State.CLOSED, who, why)

    def cancel(
        self,
        code: str,
        *,
        who: int | None = None,
        why: str,
        language: str = "",
        translated: Mapping[str, str] = IN_NO_OTHER,
    ) -> RoundView:
        """Give a round up before it has closed, for a reason: nobody is asked any more, and nothing comes of it.

        Whoever wished for the result is told so, with the reason, and in which `language` it is where it is not
        `translated` into theirs. Without one it is that of the member of staff, at a command line that of the round.
        """
        others = {one: text.strip() for one, text in translated.items() if text.strip()}
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(as_of(row, self._clock()), (*BEGINNING, *RUNNING), "over_already")
            self._reasoned(why)
            spoken = language or self._written_by(db, row, who)
            reason = Reason(why.strip(), spoken, {one: text for one, text in others.items() if one != spoken})
            for text in reason.others.values():
                fits("why", text, LONGEST)
            given_up = self._ended(db, row, State.CANCELLED, who, why, reason)
            call_off(db, row, self._library, reason, Hours.of(self._config), self._clock())
            return given_up

    def written_by(self, code: str, who: int | None) -> str:
        """Return in which language a reason is where nobody says: that of the member of staff, or of the round."""
        with self._database.reading() as db:
            return self._written_by(db, self._row(db, code), who)

    def _written_by(self, db: Connection, row: RoundRow, who: int | None) -> str:
        person = people.get(db, who) if who is not None else None
        return person.language if person else self._library.shown(db, row).language

    def _ended(
        self, db: Connection, row: RoundRow, becomes: State, who: int | None, why: str, public: Reason | None = None
    ) -> RoundView:
        now = self._clock()
        rounds.move(db, row.id, (row.state,), becomes, closed_at=now)
        outbox.drop(db, letters_of(row.id), now)
        audience.end(db, self._rules(row))
        sealed = self._library.handed_in(db, row)
        if public is not None:
            sealed |= {seals.PUBLIC: public.language}
            sealed |= {seals.PUBLIC_TOO: dict(public.others)} if public.others else {}
        settled = turnout.settle(db, self._library, row) if becomes == State.CLOSED else None
        self._note(db, row, who, becomes.value, now, why, changed=settled, sealed=sealed)
        return view(self._row(db, row.code))

    def pause(self, code: str, *, who: int | None = None, why: str) -> RoundView:
        """Let an open round rest, for a reason: until `resume` nobody is written to and no answer is taken."""
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, (State.OPEN,), "not_open")
            self._reasoned(why)
            rounds.move(db, row.id, (State.OPEN,), State.PAUSED)
            outbox.hold(db, letters_of(row.id))
            self._note(db, row, who, "paused", self._clock(), why)
            return view(self._row(db, code))

    def resume(self, code: str, *, who: int | None = None, why: str = "") -> RoundView:
        """Let a paused round go on: everything where it was, nobody invited again who was."""
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, (State.PAUSED,), "not_paused")
            rounds.move(db, row.id, (State.PAUSED,), State.OPEN)
            audience.look_again(db, self._rules(row), self._tomorrow())
            outbox.release(db, letters_of(row.id))
            sessions.rouse(db, row.id, self._clock())
            self._note(db, row, who, "resumed", self._clock(), why)
            return view(self._row(db, code))

    def _tomorrow(self) -> datetime:
        hours, now = Hours.of(self._config), self._clock()
        return hours.begin(hours.begin(now) + timedelta(hours=36))  # a day may have 25 hours

    def extend(
        self,
        code: str,
        closes_at: datetime,
        *,
        who: int | None = None,
        why: str,
        days: Mapping[str, str] = NO_DAYS,
    ) -> RoundView:
        """Move the end of an open, paused or scheduled round to a later moment, with the reason.

        The days that the record promises (`record.DAYS`) must not lie before the new last day, nor, where there is a
        duty to consult, the result before the decision; `days` moves them in the same step, to later ones. But once it
        has begun answers are kept until the day that people were told, and no longer. One that has not begun is a
        draft again, unsigned.
        """
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(as_of(row, self._clock()), ASKING, "not_open")
            self._reasoned(why)
            self._near(closes_at)
            if closes_at <= max(row.closes_at or self._clock(), self._clock()):
                raise wording.Forbidden("later")
            kept, zone = self._with_days(row, days), self._config.city.zone
            self._promised(kept, last_day(closes_at, zone))
            now = replace(row, closes_at=closes_at, record=_dumped(kept))
            if row.state in RUNNING and row.told is not None and row.closes_at is None:
                now = replace(now, told=with_months(row.told, self._config))
            settled = row.state in RUNNING and now.told is not None
            forget_at = self._library.forgets_at(now) if settled else forgets_at(kept, zone)
            if row.state in RUNNING and row.forget_at is not None and forget_at is not None:
                forget_at = min(forget_at, row.forget_at)
            rounds.change(db, row.id, closes_at=closes_at, record=now.record, told=now.told, forget_at=forget_at)
            if rounds.move(db, row.id, (State.SCHEDULED,), State.DRAFT):
                self._unsettled(db, row)
            now = self._row(db, code)
            self._note(db, row, who, "extended", self._clock(), why, changed=_changed(row, now))
            return view(now)

    def keeps_promises(self, code: str, closes_at: datetime) -> None:
        """Refuse a later end of a round that lies after a day people were promised, as `extend` does without `days`."""
        with self._database.reading() as db:
            self._promised(self._with_days(self._row(db, code)), last_day(closes_at, self._config.city.zone))

    def _with_days(self, row: RoundRow, days: Mapping[str, str] = NO_DAYS) -> dict[str, Any]:
        """Return the record of a round whose end moves, with the days that move."""
        said = record.load(row.record)
        told = record.kept_as_told(sketch(row), self._library.settings(row)) if row.state in RUNNING else {}
        return said | self._moved(said, days) | told

    @staticmethod
    def _moved(said: Mapping[str, Any], days: Mapping[str, str]) -> dict[str, str]:
        """Return the days that somebody moves. Raises `Refused` for what is none, too far or earlier."""
        moved = {name: day.strip() for name, day in days.items() if name in record.DAYS and day.strip()}
        for name, day in moved.items():
            if wrong := record.unfit_day(day):
                raise wording.Forbidden(wrong, name=name, year=LATEST + 1)
            new, old = record.day_of(day), record.day_of(said.get(name))
            if new is not None and old is not None and new < old:
                raise wording.Forbidden("only_later", name=name, day=said[name])
        return moved

    @staticmethod
    def _promised(kept: Mapping[str, Any], last: date) -> None:
        """Refuse an end after a day that people were promised, and say which day is to be moved first."""
        for name in record.too_early(kept, last):
            raise wording.Forbidden(f"extend_{name}", day=kept[name])
        if legal.consults(kept) and record.told_too_soon(kept):
            raise wording.Forbidden("extend_before_decided", name="feedback_on", day=kept["feedback_on"])

    def add_place(self, code: str, name: str, *, who: int | None = None) -> PlaceView:
        """Name a place where the round hangs out a code of its own; who comes by it is counted there.

        A place stays for good, as a poster may. Raises `Refused` once the round is over, and for a name it has.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= places.LONGEST:
            raise wording.Forbidden("no_place_name", most=places.LONGEST)
        with self._act() as db:
            row = self._held(db, code)
            self._must_be(row, (*BEGINNING, *RUNNING), "over_already")
            known = kept_places.of(db, row.id)
            if any(each.name.casefold() == name.casefold() for each in known):
                raise wording.Forbidden("taken_place", name=name)
            if len(known) >= places.MOST:
                raise wording.Forbidden("many_places", most=places.MOST)
            place = kept_places.add(db, row.id, self._free(db, name), name, self._clock())
            self._note(db, row, who, seals.PLACED, self._clock(), name, sealed=seals.place(place))
            return places.view(place, kept_places.Arrivals(), self._config.digest.minimum_cell)

    def _free(self, db: Connection, name: str) -> str:
        """Return a code for a place that leads nowhere yet."""
        drawn = (codes.place_code(name, self._mint(), tries) for tries in itertools.count())
        return next(each for each in drawn if not (rounds.by_code(db, each) or kept_places.by_code(db, each)))

    def saw(self, place_id: int) -> None:
        """Count that somebody opened a page by the code of a place."""
        with self._act() as db:
            kept_places.count(db, {(place_id, kept_places.SEEN): 1})

    def retire(self, flow: str, version: int, *, again: bool = False) -> None:
        """Let no new round open with a version (`again`: let them again); those that run end on it.

        Raises `Refused` where it is unknown, or where a round is about to open with it.
        """
        now = self._clock()
        with self._act() as db:
            waiting = [row.code for row in rounds.find(db, states=(State.SCHEDULED,)) if _asks(row, flow, version)]
            if waiting and not again:
                codes_ = ", ".join(waiting)
                raise Refused(f"{codes_} will open with {flow}@{version}: change or cancel it first, then retire.")
            if flow_versions.load(db, flow, version) is None:
                self._library.publish(db, flow, version, now)
            if not flow_versions.retire(db, flow, version, None if again else now):
                raise Refused(f"there is no {flow}@{version}: neither a file nor a round has it.")

    # ----------------------------------------------------------------- rules

    def _allowed(self, service: str, flow: Flow, audience: str, title: str) -> None:
        known = self._service(service)
        if flow.stage not in known.stages:
            raise wording.Forbidden("wrong_stage", service=service, stage=stage_of(flow))
        if audience not in AUDIENCES:
            raise wording.Forbidden("audience")
        if not title.strip():
            raise wording.Forbidden("no_title")
        fits("title", title.strip(), TITLE)

    def _complete(self, db: Connection, row: RoundRow) -> None:
        found = self._faults(db, row, wording.FALLBACK)
        if found:
            raise wording.Forbidden("cannot_open", faults="; ".join(each.message for each in found))


def _asks(row: RoundRow, flow: str, version: int) -> bool:
    return (row.flow, row.version) == (flow, version)


def _entitled(facts: Mapping[str, Any], own: str) -> dict[str, Any]:
    """Return facts of a round whose title in its `own` language is the round's; those in others stay in the record.

    What is given as the title itself stands above what the record says. Raises `Refused` for one that is too long.
    """
    kept = dict(facts["record"])
    said = kept.pop("title", {})
    titles = dict(said) if isinstance(said, dict) else {own: str(said)}
    title = titles.pop(own, "")
    for text in titles.values():
        fits("title", str(text).strip(), TITLE)
    beside = {**kept, "title": titles} if titles else kept
    return {**({"title": title} if title else {}), **facts, "record": beside}


def _changed(before: RoundRow | None, after: RoundRow) -> dict[str, tuple[Any, Any]]:
    """Return the facts of a round that are other than before, each with both values; of the record, each field."""
    old, new = _laid_out(before) if before else {}, _laid_out(after)
    names = sorted({*old, *new})
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _laid_out(row: RoundRow) -> dict[str, Any]:
    """Return the facts of a round by name, as a trail keeps them: moments in UTC, fields of the record beside them."""
    moments = {name: at and at.isoformat() for name in MOMENTS for at in (getattr(row, name),)}
    facts = {name: getattr(row, name) for name in ("service", "flow", "version", "title", "audience", "spread_hours")}
    meant = {f"whom.{name}": said for name, said in json.loads(row.whom or "{}").items()}
    return {**{f"record.{name}": said for name, said in record.load(row.record).items()}, **facts, **moments, **meant}


def _shaped(record: Mapping[str, object]) -> dict[str, object]:
    """Return the record in the shape that is kept. Raises `Refused` with every field that cannot be read."""
    kept, faults = shaped(record)
    if faults:
        raise Refused("; ".join(wording.fault(wording.FALLBACK, key, name=name) for name, key in faults))
    return kept


def _loaded(row: RoundRow) -> dict[str, Any]:
    return record.load(row.record)


def _dumped(mapping: Mapping[str, object]) -> str:
    return record.dump(mapping)
