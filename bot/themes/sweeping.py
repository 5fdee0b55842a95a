"""The sweep that reads new texts, sorts them by the codebook of their service, and proposes themes for what fits none.

It runs in a worker thread beside the turns, in small batches, each a transaction: killed anywhere it goes on where it
was. What takes long (vectors, learning) is done outside of transactions. Who corrects the codebook meanwhile raises its
revision, and the next ring sorts by that one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.digests.weeks import Week
from bot.machine import names
from bot.quoting import quoting
from bot.reading.private import finder
from bot.reading.spans import worded
from bot.texts import texts
from bot.themes.starter import codes
from storage import crossings, themes
from storage import machine as budget
from storage.themes import DROPPED, LIVE, MERGED, PROPOSAL, PROPOSED, STARTER, Sorted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from bot.config import Config
    from bot.machine.client import Machine
    from bot.reading.private import Finder
    from bot.themes.encoder import Encoder
    from bot.themes.proposals import Proposal
    from bot.themes.sorter import Lesson, Sorter, Texts
    from storage.database import Database
    from storage.themes import Text, Theme, Unread

RECENT: Final = timedelta(weeks=13)
"""So far back texts are sorted anew when the codebook changes, as far as digests look back; older ones stay."""
BATCH: Final = 16
"""Texts read in one go: under a second."""
A_RING: Final = 320
"""Texts read in one ring of the bell, so that no sweep holds its place for longer than a minute."""
SORTED_AT_ONCE: Final = 1000
MARGIN: Final = timedelta(hours=1)
"""Texts counted so long before the newest one that was read are looked for again: a commit may come late."""
SAMPLE: Final = 2000
"""Texts that show the sorter what is usual in a service."""
OTHERS: Final = 300
"""Texts that show what a proposal is not about."""
UNFITTING: Final = 3000
"""Texts among which new themes are sought."""
OPEN: Final = 5
"""Proposals that may wait for somebody at once: more would be a burden, and nobody would look at any."""
SURE: Final = 0.5
"""How sure the sorter must be of a theme nobody has looked at yet: it shall not swallow what it was not made of."""
GROWN: Final = 1.2
"""New themes are sought again once so many times as many texts fit none."""

log = structlog.get_logger()


class Themes:
    """Reads and sorts what people write. For one thread at a time."""

    def __init__(
        self,
        config: Config,
        database: Database,
        clock: Callable[[], datetime],
        encoder: Encoder | None = None,
        *,
        machine: Machine | None = None,
    ) -> None:
        """Without an `encoder` the best one this installation has is taken, once there is a text to read.

        `machine`: a language model that may name proposals, where the city has one.
        """
        self._config = config
        self._database = database
        self._clock = clock
        self._chosen = encoder
        self._machine = machine
        self._read_until: dict[str, datetime] = {}
        self._cues: dict[str, NDArray[np.float32] | None] = {}
        self._learned: dict[str, tuple[int, list[Theme], Sorter]] = {}
        self._sought: dict[tuple[str, str], int] = {}

    @property
    def _encoder(self) -> Encoder:
        if self._chosen is None:
            from bot.themes.encoder import best  # noqa: PLC0415 - numpy is for the thread that reads

            self._chosen = best()
        return self._chosen

    def sweep(self) -> int:
        """Read, sort and propose what is due, for each service; return how many texts were read or sorted."""
        return sum(self._serve(service.key) for service in self._config.services)

    def _serve(self, service: str) -> int:
        done = self._read(service)
        with self._database.reading() as db:
            behind = themes.is_behind(db, service)
        if behind:
            with self._database.reading() as db:
                revision = themes.revision(db, service)
            done += self._sort(service, revision)
            self._propose(service)
            self._caught_up(service, revision)
        return done

    # ----------------------------------------------------------------- reading

    def _read(self, service: str) -> int:
        done = 0
        while done < A_RING and (batch := self._unread(service)):
            self._begin(service)
            self._keep(batch, self._encoder.encode([one.text for one in batch]))
            self._read_until[service] = batch[-1].counted_at
            done += len(batch)
            if len(batch) < BATCH:
                break
        if done:
            log.info("themes.read", service=service, texts=done, reader=self._encoder.name)
        return done

    def _unread(self, service: str) -> list[Unread]:
        until = self._read_until.get(service)
        with self._database.reading() as db:
            if until is None and not themes.unread(db, service, "", None, 1):
                return []  # nobody has written anything: no need to load an encoder
            since = until - MARGIN if until is not None else None
            return themes.unread(db, service, self._encoder.name, since, BATCH)

    def _begin(self, service: str) -> None:
        """Give a service its codebook, once."""
        with self._database.reading() as db:
            if any(one.origin == STARTER for one in themes.codebook(db, service, (*LIVE, MERGED, DROPPED))):
                return
        new = [(code.key, code.names) for code in codes(self._config.city.languages)]
        with self._database.transaction() as db:
            themes.add(db, service, new, STARTER, self._clock())
            crossings.passed("themes.begins")
        crossings.passed("themes.begun")

    def _keep(self, batch: Sequence[Unread], made: NDArray[np.float32] | None) -> None:
        from bot.themes.encoder import pack  # noqa: PLC0415 - numpy is for the thread that reads

        vectors = [None] * len(batch) if made is None else [pack(row) for row in made]
        now, reader = self._clock(), self._encoder.name
        rows = [
            themes.Reading(one.answer_id, one.service, vector, one.language, reader, now)
            for one, vector in zip(batch, vectors, strict=True)
        ]
        with self._database.transaction() as db:
            themes.keep(db, rows)
            crossings.passed("themes.reads")
        crossings.passed("themes.read")

    # ----------------------------------------------------------------- sorting

    def _sort(self, service: str, revision: int) -> int:
        """Sort what is behind, batch by batch; return how many texts."""
        known, sorter = self._learn(service, revision)
        since, done = self._clock() - RECENT, 0
        while True:
            with self._database.reading() as db:
                batch = themes.to_sort(db, service, revision, since, SORTED_AT_ONCE)
            if not batch:
                break
            self._settle(batch, known, sorter, revision)
            done += len(batch)
        log.info("themes.sorted", service=service, texts=done, revision=revision)
        return done

    def _caught_up(self, service: str, revision: int) -> None:
        """Note that nothing is left to do, last of all: killed before, everything is looked at once more."""
        with self._database.transaction() as db:
            themes.caught_up(db, service, revision)
            crossings.passed("themes.catches_up")
        crossings.passed("themes.caught_up")

    def _settle(self, batch: Sequence[Text], known: Sequence[Theme], sorter: Sorter, revision: int) -> None:
        sorted_ = sorter.sort(self._texts(batch))
        found = [
            Sorted(batch[one.text].answer_id, known[one.theme].id, one.sure)
            for one in sorted_
            if known[one.theme].state != PROPOSED or one.sure >= SURE
        ]
        with self._database.transaction() as db:
            themes.settle(db, revision, [one.answer_id for one in batch], found)
            crossings.passed("themes.sorts")
        crossings.passed("themes.sorted")

    def _texts(self, batch: Sequence[Text]) -> Texts:
        """Return texts as the sorter takes them; those another reader has read go by their letters alone."""
        from bot.themes.encoder import unpack  # noqa: PLC0415 - numpy is for the thread that sorts
        from bot.themes.sorter import Texts  # noqa: PLC0415 - scikit-learn too

        kept = [one.vector for one in batch if one.vector is not None and one.reader == self._encoder.name]
        words = [one.text for one in batch]
        return Texts(words, unpack(kept) if kept and len(kept) == len(batch) else self._encoder.encode(words))

    # ----------------------------------------------------------------- learning

    def _learn(self, service: str, revision: int) -> tuple[list[Theme], Sorter]:
        """Return the codebook at this revision and a sorter that has learned from it: once for each change."""
        from bot.themes.sorter import Sorter  # noqa: PLC0415 - scikit-learn is for the thread that sorts

        if service not in self._learned or self._learned[service][0] != revision:
            with self._database.reading() as db:
                known = themes.codebook(db, service)
                gone = themes.codebook(db, service, [MERGED])
                corrected = themes.examples(db, service)
                grouped = themes.members(db, service, LIVE)
                shown = themes.texts(db, service, {one.answer_id for one in corrected} | {text for _, text in grouped})
                sample = themes.latest(db, service, SAMPLE)
                about = themes.of_texts(db, [one.answer_id for one in sample[:OTHERS]])
            places = {theme.id: place for place, theme in enumerate(known)}
            known_as = {one.answer_id for one in shown}
            rest = [one for one in sample[:OTHERS] if one.revision and one.answer_id not in known_as]
            told = _told(grouped, [one.answer_id for one in (*shown, *rest)], about)
            cues = self._cued(known, gone, self._lesson([*shown, *rest], told, places))
            lesson = self._lesson(shown, corrected, places)
            self._learned[service] = (revision, known, Sorter(cues, lesson, self._texts(sample)))
        return self._learned[service][1:]

    def _lesson(
        self, shown: Sequence[Text], said: Iterable[tuple[int, int, bool]], places: Mapping[int, int]
    ) -> Lesson:
        """Return what was said of texts as a lesson; of what nobody has said nothing is learned."""
        import numpy as np  # noqa: PLC0415 - for the thread that sorts

        from bot.themes.sorter import Lesson  # noqa: PLC0415 - scikit-learn too

        told = [one for one in said if one[0] in places]
        told_of = {text for _, text, _ in told}
        texts = [one for one in shown if one.answer_id in told_of]
        rows = {one.answer_id: row for row, one in enumerate(texts)}
        about = np.full((len(texts), len(places)), np.nan, np.float32)
        for theme, text, fits in told:
            if text in rows:
                about[rows[text], places[theme]] = fits
        return Lesson(self._texts(texts), about)

    def _cued(self, known: Sequence[Theme], gone: Sequence[Theme], grouped: Lesson) -> Lesson:
        """Return names and cues of all themes, and the texts that proposals were made of.

        A theme that went into another brings its cues along.
        """
        import numpy as np  # noqa: PLC0415 - for the thread that sorts

        from bot.themes.sorter import Lesson, Texts  # noqa: PLC0415 - scikit-learn too

        places = {theme.id: place for place, theme in enumerate(known)}
        into = {theme.id: theme.merged_into for theme in gone}
        said: list[tuple[int, str]] = []
        for theme in (*known, *gone):
            place = places.get(_end(theme.id, into))
            said += [] if place is None else [(place, cue) for cue in self._cues_of(theme)]
        words = [cue for _, cue in said]
        about = np.eye(len(known), dtype=np.float32)[[place for place, _ in said]]
        vectors = self._encoded(words)
        if grouped.texts.vectors is not None and vectors is not None:
            vectors = np.vstack([vectors, grouped.texts.vectors])
        return Lesson(Texts([*words, *grouped.texts.words], vectors), np.vstack([about, grouped.about]))

    def _cues_of(self, theme: Theme) -> list[str]:
        starter = {code.key: code for code in codes(self._config.city.languages)}.get(theme.key)
        cues = [cue for each in starter.cues.values() for cue in each] if starter else []
        return [*dict.fromkeys([*map(names.bare, json.loads(theme.names).values()), *cues])]

    def _encoded(self, words: Sequence[str]) -> NDArray[np.float32] | None:
        """Return vectors of cues; each is made once in a life of the process."""
        import numpy as np  # noqa: PLC0415 - for the thread that sorts

        new = [word for word in dict.fromkeys(words) if word not in self._cues]
        for begin in range(0, len(new), BATCH):
            part = new[begin : begin + BATCH]
            made = self._encoder.encode(part)
            self._cues |= dict(zip(part, [None] * len(part) if made is None else made, strict=True))
        vectors = [vector for word in words if (vector := self._cues[word]) is not None]
        return np.array(vectors, np.float32) if len(vectors) == len(words) else None

    # ----------------------------------------------------------------- proposing

    def _propose(self, service: str) -> None:
        """Propose new themes where enough texts fit none, language by language."""
        with self._database.reading() as db:
            waiting = [one for one in themes.codebook(db, service, [PROPOSED]) if one.origin == PROPOSAL]
            rest = themes.fitting_none(db, service, self._clock() - RECENT, UNFITTING)
        room = OPEN - len(waiting)
        by_language: dict[str, list[Text]] = defaultdict(list)
        for one in rest:
            by_language[one.language].append(one)
        for language, written in sorted(by_language.items()):
            if room <= 0 or len(written) < self._sought.get((service, language), 0) * GROWN:
                continue
            self._sought[service, language] = len(written)
            if found := self._found(service, language, written)[:room]:
                room -= self._add(service, language, written, found)

    def _found(self, service: str, language: str, written: Sequence[Text]) -> list[Proposal]:
        from bot.themes.proposals import common, propose  # noqa: PLC0415 - scikit-learn is for the thread that sorts

        with self._database.reading() as db:
            background = [one.text for one in themes.latest(db, service, SAMPLE) if one.language == language]
            finds = finder(db, self._config)
        people = [(one.round_id, one.pseudonym) for one in written]
        minimum = self._config.digest.minimum_cell
        cues = [cue for code in codes([language]) for cue in code.cues.get(language, ())]
        plain = common([*cues, *texts(language).sentences.values()])

        private = partial(_private, finds, language)
        return propose(self._texts(written), people, background, minimum, self._known(service), plain, private)

    def _known(self, service: str) -> NDArray[np.float32] | None:
        """Return the middles of the groups that were proposed before, whatever became of them."""
        import numpy as np  # noqa: PLC0415 - for the thread that sorts

        with self._database.reading() as db:
            grouped = themes.members(db, service, (*LIVE, DROPPED))
            shown = themes.texts(db, service, {text for _, text in grouped})
        rows = {one.answer_id: row for row, one in enumerate(shown)}
        vectors = self._texts(shown).vectors if shown else None
        members: dict[int, list[int]] = defaultdict(list)
        for theme, text in grouped:
            members[theme] += [rows[text]] if text in rows else []
        if vectors is None:
            return None
        return np.array([vectors[texts].mean(0) for texts in members.values() if texts], np.float32)

    def _named(self, language: str, written: Sequence[Text], found: Sequence[Proposal]) -> tuple[list[str], int]:
        """Return a name for each proposal, a language model's where it may write one; and how often it was asked."""
        plain, asked = [each.name for each in found], 0
        if self._machine is None:
            return plain, 0
        with self._database.reading() as db:
            left = self._machine.a_week - budget.asked(db, self._week)
            finds = finder(db, self._config)
            shown = quoting(db, self._config).shown(db, [written[text] for each in found for text, _ in each.members])
        for n, proposal in enumerate(found):
            group = self._group(language, [written[text] for text, _ in proposal.members], proposal, shown)
            if names.may_be_asked(group, self._machine, left - asked):
                asked += 1
                plain[n] = names.named(group, self._machine, partial(_private, finds, language)) or plain[n]
        return plain, asked

    def _group(self, language: str, members: Sequence[Text], proposal: Proposal, may: Mapping[int, str]) -> names.Group:
        """Return what a language model may see of a proposal: texts that may be shown to others (`may`), masked.

        One text of each.
        """
        from bot.themes.proposals import common  # noqa: PLC0415 - scikit-learn is for the thread that sorts

        shown: dict[tuple[int, bytes], str] = {}
        every: dict[tuple[int, bytes], list[str]] = defaultdict(list)
        for one in members:
            who = (one.round_id, one.pseudonym)
            every[who].append(one.text)
            masked = may.get(one.answer_id)
            if masked is not None:
                shown.setdefault(who, worded(masked, texts(language)))
        minimum = self._config.digest.minimum_cell
        together = tuple(" ".join(said) for said in every.values())
        usual = common(texts(language).sentences.values())
        return names.Group(texts(language).language, proposal.words, tuple(shown.values()), together, minimum, usual)

    @property
    def _week(self) -> str:
        return str(Week.of(self._clock(), self._config.city.zone))

    def _add(self, service: str, language: str, written: Sequence[Text], found: Sequence[Proposal]) -> int:
        """Add proposals with the texts they were made of, all or none; return how many are new."""
        titles, asked = self._named(language, written, found)
        with self._database.transaction() as db:
            new = 0
            for title, proposal in zip(titles, found, strict=True):
                members = [(written[text].answer_id, near) for text, near in proposal.members]
                key = f"new.{min(members)[0]}"
                added = themes.add(db, service, [(key, {language: title})], PROPOSAL, self._clock())
                theme = themes.by_key(db, service, key)
                if added and theme is not None:
                    themes.group(db, theme, members)
                new += added
            budget.note(db, self._week, asked)
            crossings.passed("themes.proposes")
        crossings.passed("themes.proposed")
        if new:
            log.info("themes.proposed", service=service, language=language, themes=new)
        return new


def _private(finds: Finder, language: str, text: str) -> list[str]:
    return [span.of(text) for span in finds.find(text, language)]


def _told(
    grouped: Sequence[tuple[int, int]], texts_: Iterable[int], about: Mapping[int, Sequence[int]]
) -> list[tuple[int, int, bool]]:
    """Return (theme, text, yes or no) of proposals: their own texts fit, others that are not sorted into them do not.

    Cues are no help here: beside them any real text looks like the real texts of a proposal.
    """
    every, inside = list(texts_), set(grouped)
    return [
        (theme, text, (theme, text) in inside)
        for theme in sorted({theme for theme, _ in grouped})
        for text in every
        if (theme, text) in inside or theme not in about.get(text, ())
    ]


def _end(theme: int, into: Mapping[int, int | None]) -> int:
    """Return where a theme has gone in the end."""
    seen = {theme}
    while (following := into.get(theme)) is not None and following not in seen:
        theme = following
        seen.add(theme)
    return theme
