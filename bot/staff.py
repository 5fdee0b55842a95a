"""What managers and organisers can ask in the chat: their role, their pages, the week so far, their rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from bot import rights
from bot.assessing.assessments import Assessments
from bot.digests import choosing
from bot.digests.schedule import DAYS
from bot.menu.assessing import Assessing
from bot.menu.deeding import Deeding
from bot.menu.links import Links
from bot.menu.menu import Menu
from bot.rights import APPROVER, MANAGER, ORGANISER, Right
from bot.rounds.lifecycle import last_day
from bot.rounds.record import spoken_day
from bot.texts import texts
from flows.model import Prompt
from flows.words import fill
from storage import answers, digests, people, rounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.actions.acting import Actions
    from bot.config import Config, Service
    from bot.desk.hall import Visit
    from bot.digests.writing import InChat
    from bot.ledger import Guest, Ledger
    from bot.rounds.library import Library
    from bot.rounds.organising import Rounds
    from storage.rounds import RoundRow
    from storage.sealing import Keys

STAFF = frozenset({"/digest", "/manage", "/rounds"})
"""Commands that only staff have."""
REDRAWN = 3
"""So often a week is drawn anew at most."""


class SoFar(Protocol):
    """Tells a manager about the week so far."""

    def __call__(self, db: Connection, service: str, language: str, now: datetime) -> InChat | None:
        """Return the digest of the week so far as text; None where nothing has come in."""


class Staff:
    """Answers those who have a role."""

    def __init__(
        self,
        config: Config,
        library: Library,
        keys: Keys,
        mint: Callable[[], str],
        so_far: SoFar,
        rounds: Rounds | None = None,
        acts: Actions | None = None,
    ) -> None:
        """Without `rounds` nobody steers any from here, as at a terminal; without `acts` nobody acts on a digest."""
        self._config = config
        self._library = library
        self._keys = keys
        self._so_far = so_far
        self._links = Links(config, library.phrases, keys, mint)
        self._menu = None if rounds is None else self._opened(rounds, acts)

    def _opened(self, rounds: Rounds, acts: Actions | None) -> Menu:
        kept = Assessments(self._config, rounds.catalog.bank, self._library)
        looking = Assessing(self._config, kept, rounds.catalog)
        deeding = None if acts is None else Deeding(self._config, acts)
        return Menu(self._config, rounds, self._library, self._links, looking, deeding)

    def welcome(self, db: Connection, ledger: Ledger, guest: Guest, token: str) -> tuple[Prompt, ...]:
        """Give the role an invitation stands for to whoever follows it first."""
        link = people.use_link(db, self._keys.token_hash(token), ledger.now)
        if link is None or link.kind != "invite" or link.role is None or link.service is None:
            return (self._say(guest, "role_code_used"),)
        person_id = guest.contact.person_id or link.person_id
        if person_id is None:
            person_id = people.add(db, link.name or link.role, guest.contact.language, ledger.now).id
        people.appoint(db, person_id, link.role, link.service, ledger.now)
        ledger.change(guest, person_id=person_id)
        role = self._library.phrases[guest.contact.language].get(f"role_{link.role}", link.role)
        service = self._name(link.service, guest.contact.language)
        return (self._say(guest, "role_welcome", role=role, service=service),)

    def help(self, db: Connection, guest: Guest) -> tuple[Prompt, ...]:
        """Return what staff can send beside everybody's words; nothing for others."""
        person = guest.contact.person_id
        if person is None:
            return ()
        roles = {role.role for role in people.roles_of(db, person)}
        return tuple(self._say(guest, f"staff_help_{role}") for role in (MANAGER, ORGANISER, APPROVER) if role in roles)

    def answer(self, db: Connection, ledger: Ledger, guest: Guest, text: str) -> tuple[Prompt, ...]:
        """Answer a command of staff; others read that it is one."""
        person = guest.contact.person_id
        if person is None:
            return (self._say(guest, "staff_only"),)
        match text.split(maxsplit=1)[0]:
            case "/manage":
                return (self._sign_in(db, ledger, guest, person),)
            case "/digest":
                _, _, said = text.partition(" ")
                if said.strip():
                    return self._choose(db, ledger, guest, person, said)
                return self._digests(db, ledger, guest, person)
            case _:
                return self._rounds(db, guest, person)

    # ----------------------------------------------------------------- the menu

    def called(self, visit: Visit) -> Prompt | None:
        """Open the menu, or take in a flow file; None for anything else, and for whoever has no role.

        They do not learn that there is a menu.
        """
        return None if self._menu is None or visit.inbound.edited else self._menu.called(visit)

    def rehearsed(self, visit: Visit) -> tuple[Prompt, ...] | None:
        """Take a message as the next one of a rehearsal; None where none goes on."""
        return None if self._menu is None else self._menu.rehearsed(visit)

    def tapped(self, visit: Visit, value: str) -> tuple[Prompt, ...] | None:
        """Answer a button of the menu; None for whoever has no role."""
        return None if self._menu is None else self._menu.tapped(visit, value)

    def heard(self, visit: Visit, asks: str, word: str | None) -> Prompt | None:
        """Take a text that the menu waits for; None where it is for somebody else."""
        return None if self._menu is None else self._menu.heard(visit, asks, word)

    # ----------------------------------------------------------------- commands

    def _sign_in(self, db: Connection, ledger: Ledger, guest: Guest, person: int) -> Prompt:
        return Prompt(self._links.sign_in(db, person, guest.contact.language, ledger.now), secret=True)

    def _digests(self, db: Connection, ledger: Ledger, guest: Guest, person: int) -> tuple[Prompt, ...]:
        ledger.flush(db)
        language = guest.contact.language
        prompts = []
        for service in self._services(db, person, Right.READ_DIGESTS):
            told = self._week_so_far(db, service.key, language, ledger.now)
            if told is None:
                prompts.append(self._say(guest, "digest_none", service=service.label(language)))
            else:
                prompts.append(Prompt(told.text, quotes=told.quotes))
        return tuple(prompts) or (self._say(guest, "staff_only"),)

    def _week_so_far(self, db: Connection, service: str, language: str, now: datetime) -> InChat | None:
        """Draw the week so far; again where words it quotes were deleted or withheld meanwhile."""
        told = self._so_far(db, service, language, now)
        for _ in range(REDRAWN):
            if told is None or digests.hold_quotes(db, told.quotes, approved=self._config.privacy.approved):
                break
            told = self._so_far(db, service, language, now)
        return told

    def _choose(self, db: Connection, ledger: Ledger, guest: Guest, person: int, said: str) -> tuple[Prompt, ...]:
        """Keep when and where somebody wants their digest; `?` or an unknown word asks how."""
        if not list(self._services(db, person, Right.READ_DIGESTS)):
            return (self._say(guest, "staff_only"),)
        ledger.flush(db)
        words = texts(guest.contact.language)
        choice = choosing.read(said.replace("?", ""), words)
        if choice.values:
            people.change(db, person, **choice.values)
        found = people.get(db, person)
        config = self._config.digest
        now = choosing.told(found, words, DAYS[config.weekday], f"{config.time:%H:%M}") if found else ""
        how = words("digest.choose.how", example=words("digest.choose.example"))
        wrong = words("digest.choose.unknown", word=choice.unknown) if choice.unknown else ""
        return (Prompt("\n".join(filter(None, (wrong, now, how)))),)

    def _rounds(self, db: Connection, guest: Guest, person: int) -> tuple[Prompt, ...]:
        services = self._services(db, person, Right.LEAD_ROUNDS)
        if not services:
            return (self._say(guest, "staff_only"),)
        found = rounds.find(db, services=[service.key for service in services])
        if not found:
            return (self._say(guest, "rounds_none"),)
        counted = answers.handed_in(db, [row.id for row in found])
        return tuple(self._listed(guest, service, found, counted) for service in services)

    def _listed(self, guest: Guest, service: Service, found: list[RoundRow], counted: dict[int, int]) -> Prompt:
        head = self._say(guest, "rounds_header", service=service.label(guest.contact.language)).text
        lines = [self._line(guest, row, counted.get(row.id, 0)) for row in found if row.service == service.key]
        return Prompt("\n".join([head, *lines]) if lines else "")

    def _line(self, guest: Guest, row: RoundRow, count: int) -> str:
        language = guest.contact.language
        people_ = texts(language).many("rounds.people", count)
        state = self._library.phrases[language].get(f"state_{row.state}", row.state)
        if row.closes_at is None:
            return self._say(guest, "rounds_line_running", title=row.title, state=state, people=people_).text
        closes_on = spoken_day(last_day(row.closes_at, self._config.city.zone), language)
        return self._say(guest, "rounds_line", title=row.title, state=state, closes_on=closes_on, people=people_).text

    def _services(self, db: Connection, person: int, right: Right) -> list[Service]:
        held = people.roles_of(db, person)
        return [service for service in self._config.services if rights.may(held, service.key, right)]

    def _name(self, service: str, language: str) -> str:
        return next((each.label(language) for each in self._config.services if each.key == service), service)

    def _say(self, guest: Guest, key: str, **values: object) -> Prompt:
        return Prompt(fill(self._library.phrases[guest.contact.language][key], values).strip())
