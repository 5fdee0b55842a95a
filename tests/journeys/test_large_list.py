"""A city's whole list comes as one file, as such files are: taken in by a process whose memory does not grow with it.

20,000 rows; `--rows 1000000` takes a million, in one to two minutes on each database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.botapi.schema import Json

BLOCK = 20
"""Rows after which the same kinds come again: 14 good, 2 broken, 2 foreign, 2 that were there before."""
FEW = 200
GROWTH = 44
"""Megabytes by which a process may grow, however long the list: pages of SQLite (16), of the scratch file (4), the
10,000 hashes that keys remember, and the rows at hand. Measured with a million: 27, and 32 where it is counted."""
MEASURES = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "bot", *sys.argv[1:]])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(done.returncode)
"""
"""A small process between: whoever starts one directly hands it the memory of the tests to begin with."""


class Ran(NamedTuple):
    """What a command reported, and how many megabytes it took at its peak."""

    said: Json
    megabytes: int


@pytest.fixture
def rows(request: pytest.FixtureRequest) -> int:
    """How many rows the list has."""
    return int(request.config.getoption("--rows")) // BLOCK * BLOCK


def a_list(file: Path, rows: int) -> Path:
    """Write a list of two encodings, with addresses no mail server takes, rows without one, and repeats."""
    with file.open("wb") as written:
        written.write(b"name;mail;language\n")
        written.writelines(chain.from_iterable(_block(number) for number in range(rows // BLOCK)))
    return file


def _block(number: int) -> Iterator[bytes]:
    for way in ("utf-8", "cp1252"):
        yield f"José;jürgen{number}@city.example;es\n".encode(way)
        yield f"Ærø;{way}{number}@bücher.example;de\n".encode(way)
    yield f"Nobody;nobody{number};es\n".encode()
    yield b"Nobody;\x81%d@city.example;es\n" % number
    for one in range(12):
        yield f"Ännë;p{number}.{one}@city.example;en\n".encode(("utf-8", "cp1252")[one % 2])
    yield f"Again;p{number}.0@CITY.example;en\n".encode()
    yield f"Again;p{number // 2}.1@city.example;en\n".encode()


def measured(folder: Path, database: str, *words: str) -> Ran:
    """Give a command that reports as JSON."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("CIVICLOOP_")}
    environ["CIVICLOOP_DATABASE__URL"] = database
    command = [sys.executable, "-c", MEASURES, *words, "--json"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    said, megabytes = done.stdout.rstrip().rsplit("\n", 1)
    return Ran(json.loads(said), int(megabytes))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_list_of_any_length_and_any_faults_is_taken_in_with_the_same_memory(
    bare_url: str, tmp_path: Path, rows: int
) -> None:
    for code in ("few", "many"):
        about = ("--service", "library", "--flow", "need_round", "--title", "Hours", "--code", code)
        measured(tmp_path, bare_url, "round", "new", *about)
    takes = ("--ground", "residents, article 6 (1) e GDPR", "--leave-out")
    small = measured(tmp_path, bare_url, "round", "list-in", "few", str(a_list(tmp_path / "few.csv", FEW)), *takes)
    file = a_list(tmp_path / "many.csv", rows)
    large = measured(tmp_path, bare_url, "round", "list-in", "many", str(file), *takes)
    counted = measured(tmp_path, bare_url, "round", "audience", "many")
    sys.stdout.write(f"{rows} rows: {small.megabytes}, {large.megabytes}, {counted.megabytes} MB\n")
    good = rows // BLOCK * 14
    told = {name: large.said[name] for name in ("good", "broken", "foreign", "twice", "new")}
    assert told == {"good": good, "broken": rows // 10, "foreign": rows // 10, "twice": rows // 10, "new": good}
    assert large.said["faults"][:3] == [[2, "foreign"], [4, "foreign"], [6, "broken"]]
    assert counted.said["people"] == good
    assert large.megabytes < small.megabytes + GROWTH
    assert counted.megabytes < small.megabytes + GROWTH
    assert measured(tmp_path, bare_url, "round", "list-in", "many", str(file), *takes).said["new"] == 0
