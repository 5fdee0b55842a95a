"""New texts are read, sorted and proposed as themes, once each, whatever happens meanwhile."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from bot import config
from bot.themes.encoder import Letters, Meaning
from bot.themes.sweeping import BATCH, Themes
from storage import answers, tables, themes
from storage.themes import DROPPED, PROPOSAL, PROPOSED
from tests.bot.themes.test_sorter import TREES
from tests.storage.makers import NOW, add_round, text

if TYPE_CHECKING:
    from bot.themes.encoder import Encoder
    from storage.database import Database

WEEK = (NOW - timedelta(days=3), NOW + timedelta(days=4))
CONFIG = config.load(Path("config.example.toml"), {})
QUEUES = ["The queue was endless.", "I had to wait far too long.", "We waited in the queue for an hour."]


ELEPHANTS = [
    f"{one} elephants {other}"
    for one, other in zip(
        "Seven Grey Old Quick Fat Slim Loud Tired".split(),
        "sing juggle yodel swim hum knit bake sew".split(),
        strict=True,
    )
]
VOLCANOES = [
    f"{one} volcano {other}"
    for one, other in zip(
        "Purple Tiny Sleepy Giddy Huge Odd Mild Wild".split(),
        "glows hums erupts spits fumes grows melts roars".split(),
        strict=True,
    )
]


class Installation:
    """A database with a round, and the sweep."""

    def __init__(self, database: Database, encoder: Encoder | None = None) -> None:
        self.database = database
        with database.transaction() as db:
            self.round = add_round(db)
        self.sweep = Themes(CONFIG, database, lambda: NOW, encoder or Letters())

    def said(self, *words: str, language: str = "en") -> list[int]:
        """Let a new person say each of these; return the texts' ids."""
        with self.database.transaction() as db:
            first = db.execute(select(func.coalesce(func.max(tables.answers.c.id), 0))).scalar_one()
            rows = [text(self.round, one, b"%d" % (first + n), language=language) for n, one in enumerate(words)]
            answers.append(db, rows)
            return list(db.execute(select(tables.answers.c.id).where(tables.answers.c.id > first)).scalars())

    def raised(self) -> dict[str, int]:
        """Return how many people raised which theme."""
        with self.database.reading() as db:
            keys = {theme.id: theme.key for theme in themes.codebook(db, "library")}
            return {keys[one.theme_id]: one.people for one in themes.raised(db, "library", *WEEK)}

    def theme(self, key: str) -> themes.Theme:
        with self.database.reading() as db:
            found = themes.by_key(db, "library", key)
        assert found is not None
        return found


@pytest.fixture
def here(database: Database) -> Installation:
    return Installation(database)


def test_where_nobody_writes_nothing_is_made(here: Installation) -> None:
    assert here.sweep.sweep() == 0
    with here.database.reading() as db:
        assert themes.codebook(db, "library") == []


def test_new_texts_are_read_and_sorted_by_the_starter_codes(here: Installation) -> None:
    here.said(*QUEUES)
    assert here.sweep.sweep() == 6  # read, and sorted
    assert here.raised()["waiting"] == 3
    assert here.sweep.sweep() == 0
    with here.database.reading() as db:
        assert themes.read_so_far(db, "library", *WEEK).unsorted == 0
        assert themes.codebook(db, "bus7") == []


def test_more_texts_than_fit_one_batch_are_all_read(here: Installation) -> None:
    here.said(*(f"The queue took {n} minutes" for n in range(2 * BATCH + 1)))
    here.sweep.sweep()
    with here.database.reading() as db:
        assert themes.read_so_far(db, "library", *WEEK).unsorted == 0


def test_the_sorter_learns_from_a_correction(here: Installation) -> None:
    robots = ["The robot at the door is nice.", "The robot at the door greets.", "Robot at the door!"]
    first, *_ = here.said(*robots)
    here.sweep.sweep()
    with here.database.transaction() as db:
        themes.correct(db, here.theme("digital"), first, None, NOW, fits=True)
    assert here.sweep.sweep() == 3
    assert here.raised()["digital"] == 3


def test_what_somebody_denied_stays_denied(here: Installation) -> None:
    first, *_ = here.said(*QUEUES)
    here.sweep.sweep()
    with here.database.transaction() as db:
        themes.correct(db, here.theme("waiting"), first, None, NOW, fits=False)
    here.sweep.sweep()
    with here.database.reading() as db:
        assert here.theme("waiting").id not in themes.of_texts(db, [first]).get(first, [])


def test_a_merged_theme_brings_its_cues_along(here: Installation) -> None:
    with here.database.transaction() as db:
        themes.add(db, "library", [("slow", {"en": "Slowness"})], themes.MANAGER, NOW)
    here.said("hello")
    here.sweep.sweep()
    with here.database.transaction() as db:
        themes.merge(db, here.theme("waiting"), here.theme("slow"))
    here.said(*QUEUES)
    here.sweep.sweep()
    assert here.raised()["slow"] >= 3


def test_what_fits_nothing_is_proposed_and_never_taken_in_silence(database: Database) -> None:
    here = Installation(database)
    ids = here.said(*ELEPHANTS, *VOLCANOES)
    here.sweep.sweep()
    assert _proposed(database) == ["elephants", "volcano"]
    with database.reading() as db:
        assert {text for _, text in themes.members(db, "library", [PROPOSED])} == set(ids)
        proposed = themes.codebook(db, "library", [PROPOSED])
    assert {one.origin for one in proposed} == {PROPOSAL}
    here.sweep.sweep()
    here.said("Seven grey elephants sing")
    here.sweep.sweep()
    assert _proposed(database) == ["elephants", "volcano"]
    assert sum(here.raised()[one.key] for one in proposed) == len(ids) + 1


def test_no_proposal_is_named_by_a_persons_name(database: Database) -> None:
    here = Installation(database)
    here.said(*(f"{words}, said Mrs Snodgrass" for words in ELEPHANTS), *VOLCANOES)
    here.sweep.sweep()
    named = _proposed(database)
    assert len(named) == 2
    assert not [name for name in named if "snodgrass" in name]


def test_a_proposal_does_not_swallow_what_it_was_not_made_of(database: Database) -> None:
    here = Installation(database)
    here.said(*ELEPHANTS, *VOLCANOES)
    here.sweep.sweep()
    here.said("Thanks", "Nothing", "All was fine", "No", "It is what it is", "Ok for me")
    here.sweep.sweep()
    with database.reading() as db:
        proposed = [one.key for one in themes.codebook(db, "library", [PROPOSED])]
    assert sum(here.raised().get(key, 0) for key in proposed) == len(ELEPHANTS + VOLCANOES)


def test_what_was_dropped_is_not_proposed_again(database: Database) -> None:
    here = Installation(database, Meaning())
    here.said(*ELEPHANTS, *TREES)
    here.sweep.sweep()
    with database.transaction() as db:
        for one in themes.codebook(db, "library", [PROPOSED]):
            themes.drop(db, one)
    Themes(CONFIG, database, lambda: NOW, Meaning()).sweep()
    with database.reading() as db:
        assert len(themes.codebook(db, "library", [DROPPED])) > 0
    assert _proposed(database) == []


def test_a_better_reader_reads_everything_again(database: Database) -> None:
    here = Installation(database)
    here.said(*QUEUES)
    here.sweep.sweep()
    Themes(CONFIG, database, lambda: NOW, Meaning()).sweep()
    with database.reading() as db:
        assert {row[0] for row in db.execute(select(tables.readings.c.reader))} == {Meaning.name}
        assert themes.read_so_far(db, "library", *WEEK).unsorted == 0


CROSSINGS = (
    "themes.begins themes.begun themes.reads themes.read themes.sorts themes.sorted "
    "themes.catches_up themes.caught_up themes.proposes themes.proposed"
).split()


SWEEPING = """
import sys
from datetime import datetime
from pathlib import Path
from bot import config
from bot.themes.encoder import Letters
from bot.themes.sweeping import Themes
from storage import crossings
from storage.database import Database

url, crossing, now = sys.argv[1:]
crossings.arm(f"{crossing}:1")
read = config.load(Path("config.example.toml"), {})
Themes(read, Database.open(url), lambda: datetime.fromisoformat(now), Letters()).sweep()
"""


@pytest.mark.slow
@pytest.mark.parametrize("crossing", CROSSINGS)
def test_killed_anywhere_it_goes_on_where_it_was(database: Database, database_url: str, crossing: str) -> None:
    here = Installation(database)
    said = [*ELEPHANTS, *VOLCANOES, *QUEUES]
    here.said(*said)
    words = [sys.executable, "-c", SWEEPING, database_url, crossing, NOW.isoformat()]
    assert subprocess.run(words, capture_output=True, check=False).returncode == -signal.SIGKILL
    another = Themes(CONFIG, database, lambda: NOW, Letters())
    for _ in range(3):
        another.sweep()
    assert _proposed(database) == ["elephants", "volcano"]
    with database.reading() as db:
        assert themes.read_so_far(db, "library", *WEEK)[2:] == (len(said), 0)
        assert not themes.is_behind(db, "library")
    assert here.raised()["waiting"] >= 3


def _proposed(database: Database) -> list[str]:
    """Return the names of what is proposed."""
    with database.reading() as db:
        return sorted(one.name("en") for one in themes.codebook(db, "library") if one.state == PROPOSED)
