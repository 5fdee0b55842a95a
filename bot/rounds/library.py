"""Flows as a round plays them: of the version it was opened with, its texts filled in; made once and kept."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from bot.channels import ASSISTED
from bot.errors import Refused, Trouble
from bot.rounds import legal, mailed, record, told, variables, wording
from bot.rounds.lifecycle import RUNNING
from flows import voices
from flows.binding import bind
from flows.checks.published import Published, edited, next_free
from flows.issues import Issue
from flows.model import Flow, Script
from flows.source import FlowTrouble
from storage import apart, beside, entries, findings, flow_versions, rounds, seals, sessions, trail, turnout
from storage.database import VersionChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from bot.rounds.variables import Variable
    from flows.catalog import Catalog
    from storage.beside import Beside
    from storage.entries import Entry, Voices
    from storage.flow_versions import FlowVersion
    from storage.rounds import RoundRow
    from storage.sealing import Keys
    from storage.seals import Noted
    from storage.weekly import Span

SENT = "sent/"
"""Folder, so to say, of the files of flows that were published in a chat."""
KEPT = 256
"""Most bound rounds held at once; the oldest goes first."""


@dataclass(frozen=True, slots=True)
class Played:
    """A round ready to be played."""

    row: RoundRow
    flow: Flow
    key: str
    """Pseudonym key; empty once it is destroyed."""
    quotes: tuple[str, ...]
    """States whose answer says whether the person may be quoted."""


class Library:
    """Bound flows by round. Threads may share it: at worst a flow is bound twice."""

    def __init__(
        self, config: Config, catalog: Catalog, keys: Keys, clock: Callable[[], datetime] | None = None
    ) -> None:
        """Without a `clock` a round without an end tells until when answers of its first day are kept."""
        self._config = config
        self._clock = clock
        self._catalog = catalog
        self.keys = keys
        self.phrases: Mapping[str, Mapping[str, str]] = _Phrases(catalog)
        """The sentences of every language of the catalogue."""
        self._played: dict[tuple[object, ...], Played] = {}
        self._latest: dict[int, tuple[RoundRow, Played, date | None]] = {}
        """By round id, what was asked for last: recognised without a look at its words."""
        self._versions: dict[tuple[str, int], Flow] = {}
        self._settings: dict[tuple[str, str], Config] = {}
        """By service and what rounds of it took from the configuration, the configuration as they go by it."""
        self._sound: dict[int, tuple[str, int, str, str | None]] = {}
        """By round id, what of it was found to be as it was signed."""
        self._unread: dict[tuple[str, int], str] = {}
        """What was published in a chat and cannot be read, as it is kept."""
        self._danger = {each: catalog.danger(each) for each in config.city.languages}

    @property
    def approved(self) -> bool:
        """Whether citizens' words are shown to others only once a person of the service has approved them."""
        return self._config.privacy.approved

    def played(self, db: Connection, row: RoundRow) -> Played:
        """Return a round with its flow filled in; the same one until its record or its dates change.

        One without an end tells each day anew until when answers are kept.

        Raises `Trouble` or `Refused` where nobody may be asked it (`asks`).
        """
        latest, today = self._latest.get(row.id), self._today(row)
        if latest is None or latest[0] is not row or latest[2] != today:
            latest = self._latest[row.id] = (row, self._remembered(db, row, today), today)
        return latest[1]

    def _today(self, row: RoundRow) -> date | None:
        return None if self._clock is None or row.closes_at is not None else self._clock().date()

    def _remembered(self, db: Connection, row: RoundRow, today: date | None) -> Played:
        kept = (row.forget_at, row.state in RUNNING)
        key = (row.id, row.title, row.record, row.told, row.closes_at, *kept, row.key_sealed is None, today)
        known = self._played.get(key)
        if known is None:
            while len(self._played) >= KEPT:
                del self._played[next(iter(self._played))]
            known = self._played[key] = self._bound(db, row)
        return known

    def asks(self, db: Connection, row: RoundRow) -> bool:
        """Whether people can be asked a round: its service and its questions are there, and those that were signed."""
        if not self.serves(row):
            return False
        found = (row.flow, row.version, row.record, row.told)
        if self._sound.get(row.id) == found:
            return True
        try:
            self._signed(db, row)
            record.load(row.record)
            self.settings(row)
        except (Refused, Trouble):
            return False
        self._sound[row.id] = found
        return True

    def serves(self, row: RoundRow) -> bool:
        """Whether the service of a round is set up: a round of one that was asks nobody, and all else goes on."""
        return self._config.serves(row.service)

    def shown(self, db: Connection, row: RoundRow) -> Flow:
        """Return the flow of a round, filled in, for whoever reads of it: also where nobody may be asked it.

        Then its questions are those of the catalogue, else those that are kept; none where neither can be read.
        """
        with suppress(Refused, Trouble):
            return self.played(db, row).flow
        return self._filled(row, self._among(self._readable(db, row), row))

    def _readable(self, db: Connection, row: RoundRow) -> Flow:
        with suppress(LookupError):
            return self._catalog.get(row.flow, row.version)
        with suppress(Refused, Trouble):
            return self.whole(db, row)
        languages = self.settings(row).service_of(row.service).languages
        scripts = {one: Script(one, {}, self.phrases[one], self._catalog.words(one)) for one in languages}
        return Flow(row.flow, row.version, None, languages[0], "", scripts)

    def own_link(self, page: str, row: RoundRow, contact_id: int) -> str:
        """Return the address of a round's page by which somebody of a list is known to have come."""
        return mailed.link(self.keys, page, row.id, contact_id)

    def flow(self, db: Connection, row: RoundRow) -> Flow:
        """Return the flow of a round, its texts not yet filled in, in the languages of the service."""
        return self._among(self.whole(db, row), row)

    def whole(self, db: Connection, row: RoundRow) -> Flow:
        """Return the flow of a round in all its languages, its texts not yet filled in."""
        known = self._versions.get((row.flow, row.version))
        if known is None:
            known = self._versions[row.flow, row.version] = self._found(db, row.flow, row.version)
        return known

    def spoken(self, flow: Flow, service: str) -> Flow:
        """Return a flow in the languages of a service: a new round asks for no words in any other."""
        return flow.among(self._config.service_of(service).languages)

    def _among(self, flow: Flow, row: RoundRow) -> Flow:
        """Return a flow in the languages of a round."""
        return flow.among(self.settings(row).service_of(row.service).languages)

    def settings(self, row: RoundRow) -> Config:
        """Return the configuration as a round goes by it: since it was signed or opened, as it was then.

        Raises `Trouble` where that cannot be read.
        """
        if row.told is None:
            return self._config
        key = (row.service, row.told)
        found = self._settings.get(key)
        if found is None:
            while len(self._settings) >= KEPT:
                del self._settings[next(iter(self._settings))]
            found = self._settings[key] = told.laid_over(self._config, row.service, row.told)
        return found

    def languages(self, row: RoundRow) -> tuple[str, ...]:
        """Return the languages of a round's service, its first one first."""
        with suppress(Trouble):
            return self.settings(row).service_of(row.service).languages
        return self._config.service_of(row.service).languages

    def pseudonym(self, row: RoundRow, address_hash: bytes) -> bytes | None:
        """Return who a contact is in a round; None once its key is destroyed and nobody can tell."""
        if row.key_sealed is None:
            return None
        return self.keys.pseudonym(self.keys.unseal(row.key_sealed), address_hash)

    def pseudonyms(self, row: RoundRow) -> Callable[[bytes], bytes]:
        """Return what makes a round's pseudonyms of hashed addresses, for many at once. Its key must be there."""
        return partial(self.keys.pseudonym, self.keys.unseal(row.key_sealed or b""))

    def lasting(self, address_hash: bytes) -> bytes:
        """Return what stays of a hashed address when the keys change, for a draw that must come out the same."""
        return self.keys.lasting(address_hash)

    def apart(self, db: Connection, row: RoundRow) -> list[bytes]:
        """Return the pseudonyms of those who are counted apart: groups, organisations, and whoever came late."""
        return list(self.kinds(db, row))

    def kinds(self, db: Connection, row: RoundRow) -> dict[bytes, str]:
        """Return why these are counted apart, by pseudonym; also once the round's key is gone."""
        found = {who: kind for (_, who), kind in apart.kept(db, round_id=row.id).items()}
        if row.key_sealed is not None:
            pseudonym = self.pseudonyms(row)
            found |= {pseudonym(hash_): kind for hash_, kind in entries.apart(db, row.id).items()}
        return found

    def beside(self, db: Connection, service: str, weeks: Span | None = None) -> Beside:
        """Return who is no voice of one person in the figures of a service, over all its rounds.

        Of campaigns those of some `weeks`, where they are said.
        """
        found = entries.apart_in(db, service)
        rows = rounds.by_ids(db, {round_id for round_id, *_ in found}) if found else {}
        known = {row.id: self.pseudonyms(row) for row in rows.values() if row.key_sealed is not None}
        entered = {(round_id, known[round_id](hash_)): kind for round_id, hash_, kind in found if round_id in known}
        return beside.look(db, service, entered, weeks)

    def handed_in(self, db: Connection, row: RoundRow) -> Noted:
        """Return the seals of a round that ends: of whom it meant to ask, and of what was handed in.

        Without those who may still come to the end.
        """
        amid = [] if row.key_sealed is None else map(self.pseudonyms(row), sessions.amid(db, row.id))
        return seals.asked(db, row.id) | seals.handed_in(db, row.id, list(amid))

    def voices(self, db: Connection, row: RoundRow) -> Voices:
        """Count who has finished a round; whoever said that they answer for many is no individual.

        Where the round asks first for whom, they count as what they said; else nobody knows for how many they spoke.
        """
        apart, found = self.apart(db, row), entries.voices(db, row.id)
        many = self._finished(db, row, findings.declared(db, row.id, apart))
        said = [one for who, one in turnout.speakers(db, row.id, apart).items() if who in many]
        heads = [one.heads for one in said if one.kind == entries.GROUP]
        names = [one.name for one in said if one.kind == entries.ORGANISATION]
        return replace(
            found,
            individuals=max(found.individuals - len(many), 0),
            groups=found.groups + len(heads),
            heads=found.heads + sum(heads),
            organisations=tuple(sorted((*found.organisations, *names))),
            declared=len(many) - len(said),
        )

    def _finished(self, db: Connection, row: RoundRow, who: set[bytes]) -> set[bytes]:
        """Return those of these pseudonyms that came to the end: where each answer counts at once, not all have."""
        if not who or row.key_sealed is None or not self.whole(db, row).running:
            return who
        return who.intersection(map(self.pseudonyms(row), sessions.finished(db, row.id)))

    def entered(self, db: Connection, row: RoundRow) -> dict[bytes, Entry]:
        """Return the entries of a round by the pseudonym of the person; none once the round's key is gone."""
        if row.key_sealed is None:
            return {}
        pseudonym = self.pseudonyms(row)
        return {pseudonym(hash_): one for hash_, one in entries.by_address(db, row.id).items()}

    def variables(self, db: Connection, row: RoundRow) -> dict[str, Variable]:
        """Return by what those who answer a round can be told apart."""
        flow, settings = self.played(db, row).flow, self.settings(row)
        return variables.of_round(flow, settings.service_of(row.service), settings, self._catalog.bank)

    def making(self, figure: str) -> frozenset[str]:
        """Return the items of the bank whose answers a figure is made of."""
        return frozenset(item.id for item in self._catalog.bank.items.values() if figure in item.figures)

    def facts(self, row: RoundRow, flow: Flow) -> record.Facts:
        """Return what the texts of a round are filled with."""
        said = sketch(row) if self._clock is None else replace(sketch(row), now=self._clock())
        settings = self.settings(row)
        if row.state in RUNNING:
            kept = record.kept_now(said, row.forget_at, settings)
            said = replace(said, record={**said.record, **kept})
        return record.facts(said, flow, settings, self.phrases)

    def _bound(self, db: Connection, row: RoundRow) -> Played:
        """Fill in what a round asks. Raises `Trouble` where it is not what was signed: nobody is asked that."""
        try:
            flow = self._among(self._signed(db, row), row)
        except (Refused, Trouble):
            self._sound.pop(row.id, None)
            raise
        if legal.asks_for_whom(record.load(row.record)):
            flow = voices.asked_first(flow, self._found(db, voices.PART, voices.VERSION), ASSISTED)
        bound = self._filled(row, flow).hearing(self._danger)
        states = bound.script(bound.language).states.values()
        quotes = tuple(state.id for state in states if getattr(state, "role", None) == "quote")
        return Played(row, bound, self.keys.unseal(row.key_sealed) if row.key_sealed else "", quotes)

    def _signed(self, db: Connection, row: RoundRow) -> Flow:
        if not trail.still_asks(db, row.id):
            raise Trouble(f"the questions of {row.code} were changed in the database: restore {row.flow}@{row.version}")
        return self.whole(db, row)

    def _filled(self, row: RoundRow, flow: Flow) -> Flow:
        facts = self.facts(row, flow)
        return bind(flow, facts.values, facts.lists)

    def freeze(self, db: Connection, row: RoundRow, now: datetime) -> None:
        """Keep for ever what a round asks, as it is now. Raises `Refused` where it was edited meanwhile.

        What was signed stays as it was signed; so does what the round took from the configuration then.
        """
        self.publish(db, row.flow, row.version, now)
        if legal.asks_for_whom(record.load(row.record)):
            self.publish(db, voices.PART, voices.VERSION, now)
        self.settle(db, row)

    def settle(self, db: Connection, row: RoundRow) -> None:
        """Write down what a round takes from the configuration, where nothing is written yet: now it goes by that.

        Of one with an end that is also the day on which its answers go.
        """
        if row.told is None:
            text = told.written(self._config, row.service, ends=row.closes_at is not None)
            now = replace(row, told=text)
            rounds.change(db, row.id, told=text, forget_at=self.forgets_at(now))

    def forgets_at(self, row: RoundRow) -> datetime | None:
        """Return when the day ends until which people are told that a round keeps their answers; None: no one day."""
        settings = self.settings(row)
        return record.forgets_at(record.kept_as_told(sketch(row), settings), settings.city.zone)

    def publish(self, db: Connection, flow: str, version: int, now: datetime) -> None:
        """Keep this version for ever: from now on a round plays it. Raises `Refused` where it was edited meanwhile."""
        try:
            found = self._catalog.get(flow, version)
        except LookupError:
            return
        kept = flow_versions.load(db, flow, version)
        if kept is not None:
            self._must_ask_the_same(db, found, _files(kept))
            return
        files, sha256 = self._catalog.bundle(found)
        source = json.dumps(files, ensure_ascii=False, sort_keys=True)
        try:
            flow_versions.publish(db, flow, version, sha256, source, now)
        except VersionChanged as changed:  # by another process, from other files, at this moment
            raise Refused(str(changed)) from changed

    def _must_ask_the_same(self, db: Connection, flow: Flow, source: Mapping[str, str]) -> None:
        if not self._catalog.still_asks(flow, source):
            files = ", ".join(self._catalog.changed(flow, source))
            free = next_free(self._catalog, published(db), flow.id)
            raise wording.Forbidden("words_changed", flow=flow.id, version=flow.version, files=files, next=free)

    def learn(self, db: Connection) -> list[Issue]:
        """Take in the flows that were published in a chat, here or by another process, since the last look.

        Return what is wrong with those that cannot be read, each told once; all others are there.
        """
        found: list[Issue] = []
        for flow, version in flow_versions.sent(db):
            kept = None if (flow, version) in self._catalog.compiled else flow_versions.load(db, flow, version)
            if kept is not None and self._unread.get((flow, version)) != kept.source:
                found += self._taken_in(kept)
        return found

    def _taken_in(self, kept: FlowVersion) -> list[Issue]:
        """Take in what was published in a chat; return what keeps it from being read."""
        key = (kept.flow, kept.version)
        self._unread[key] = kept.source
        try:
            files = {name: text for name, text in _files(kept).items() if name.startswith(SENT)}
        except Trouble:
            return [_damaged(kept)]
        beside = self._catalog.beside(files)
        compiled = beside.compiled.get(key)
        if compiled is None or compiled.flow is None:
            issues = (*beside.shelf.issues, *(compiled.issues if compiled else ()))
            return [one for one in issues if one.severity == "error"] or [_damaged(kept)]
        self._catalog.grow(files)
        del self._unread[key]
        return []

    def take_in(self, db: Connection, files: Mapping[str, str], channel: str, now: datetime) -> Flow:
        """Publish a flow that was sent over a channel: from now on every round can ask it.

        Raises `Refused` where its version is taken: by a file, or by what was published before.
        """
        ((flow, version),) = self._catalog.beside(files).compiled
        if (flow, version) in self._catalog.compiled or flow_versions.load(db, flow, version) is not None:
            free = next_free(self._catalog, published(db), flow)
            raise wording.Forbidden("version_taken", flow=flow, version=version, next=free)
        self._catalog.grow({f"{SENT}{version}/{name}": text for name, text in files.items()})
        found = self._catalog.get(flow, version)
        bundled, sha256 = self._catalog.bundle(found)
        source = json.dumps(bundled, ensure_ascii=False, sort_keys=True)
        flow_versions.publish(db, flow, version, sha256, source, now, channel)
        return found

    def compared(self, db: Connection, flow: str, old: int, new: int) -> tuple[Flow, Flow]:
        """Return two versions of a flow: the old as published, the new as its file is now, where there is one.

        Raises `Refused` for a version that is neither published nor in the catalogue.
        """
        try:
            newer = self._catalog.get(flow, new)
        except LookupError:
            newer = self._found(db, flow, new)
        return self._found(db, flow, old), newer

    def edited(self, db: Connection) -> list[Issue]:
        """Return a fault for each published version whose questions in the catalogue are others by now."""
        return edited(self._catalog, published(db))

    def _found(self, db: Connection, flow: str, version: int) -> Flow:
        """The catalogue's flow, unless its words in some language are others than they were when it was published."""
        kept = flow_versions.load(db, flow, version)
        try:
            found = self._catalog.get(flow, version)
            if kept is None or self._catalog.still_asks(found, _files(kept)):
                return found
        except LookupError:
            if kept is None:
                said = f"{flow}@{version} is neither in the catalogue nor published: put its file back"
                raise Refused(said) from None
        try:
            return self._catalog.again(_files(kept))
        except FlowTrouble as trouble:
            raise Trouble(f"the published {flow}@{version} cannot be read by this version: {trouble}") from trouble


class _Phrases(dict[str, "Mapping[str, str]"]):
    """Sentences by language, looked up when asked for."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__()
        self._catalog = catalog

    def __missing__(self, language: str) -> Mapping[str, str]:
        self[language] = self._catalog.phrases(language)
        return self[language]


def _files(kept: FlowVersion) -> dict[str, str]:
    """Return the files of a published version. Raises `Trouble` where they cannot be read."""
    try:
        files = json.loads(kept.source)
    except ValueError:
        files = None
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        raise Trouble(f"the published {kept.flow}@{kept.version} is damaged in the database: restore it")
    return files


def _damaged(kept: FlowVersion) -> Issue:
    said = f"the published {kept.flow}@{kept.version} is damaged in the database: restore it"
    return Issue(f"{SENT}{kept.version}/{kept.flow}.toml", 1, said, "damaged-version")


def sketch(row: RoundRow) -> record.Sketch:
    """Return what the record is read with."""
    return record.Sketch(
        code=row.code,
        service=row.service,
        title=row.title,
        record={**told.of_record(row.told), **record.load(row.record)},
        created_at=row.created_at,
        closes_at=row.closes_at,
    )


def published(db: Connection) -> list[Published]:
    """Return every published version as the check compares it."""
    return [Published(one.flow, one.version, one.source) for one in flow_versions.published(db)]
