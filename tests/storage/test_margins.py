"""Who lives in the city: one row for each variable, the last word counts, also where two speak at once."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from storage import margins
from storage.margins import MarginRow
from tests.storage.makers import NOW

if TYPE_CHECKING:
    from storage.database import Database


def row(variable: str, groups: str = "{}") -> MarginRow:
    return MarginRow(variable, groups, "Census", "2021-03-21", "Ada", NOW)


def test_the_last_word_on_a_variable_counts_and_others_stay(database: Database) -> None:
    with database.transaction() as db:
        margins.put(db, [row("language"), row("area", '{"a": 1}')])
        margins.put(db, [row("area", '{"b": 2}')])
        assert margins.every(db) == [row("area", '{"b": 2}'), row("language")]
        assert margins.remove(db, "area")
        assert not margins.remove(db, "area")
        margins.put(db, [])
        assert margins.every(db) == [row("language")]


def test_two_who_speak_at_once_come_one_after_the_other(database: Database) -> None:
    def says(name: str, *variables: str) -> None:
        with database.transaction() as db:
            margins.put(db, [row(one, f'{{"{name}": 1}}') for one in variables])

    speakers = [Thread(target=says, args=("a", "area", "age")), Thread(target=says, args=("b", "age", "area"))]
    for one in speakers:
        one.start()
    for one in speakers:
        one.join()
    with database.reading() as db:
        assert len({each.groups for each in margins.every(db)}) == 1
        assert len(margins.every(db)) == 2
