"""`make evaluate`: read coded data with what the bot reads with, and print how often both agree.

python -m tests.evaluate                          # all measures
python -m tests.evaluate themes                   # only these
python -m tests.evaluate --data FOLDER themes     # data that lies elsewhere

A measure is a file `measure_*.py` beside this one with `NEEDS`, the folders of data it reads, and
`rows(data: Path, cache: Path) -> Iterator[Row]`. Whose data is not there is passed over, and said so. What takes long
to make of the data (vectors) may be kept below `cache`; it goes when that folder is deleted.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.evaluate.table import Row, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DATA = Path("../shared/data")
CACHE = Path(".evaluate")
NAMES = sorted(file.stem.removeprefix("measure_") for file in Path(__file__).parent.glob("measure_*.py"))


def main(words: Sequence[str]) -> int:
    """Take the measures named (all where none is) and print the table; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.evaluate", description="Compare with what people coded.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"one or more of: {', '.join(NAMES)}")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder that holds the data sets")
    given = parser.parse_args(words)
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"no measure {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    if not given.data.is_dir():
        parser.error(f"there is no folder {given.data}: name the one that holds the data sets with --data")
    CACHE.mkdir(exist_ok=True)
    found = [row for name in given.names or NAMES for row in _measure(name, given.data)]
    print(time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), *lines(found), sep="\n")
    return 0


def _measure(name: str, data: Path) -> Iterator[Row]:
    measure = import_module(f"tests.evaluate.measure_{name}")
    if missing := [need for need in measure.NEEDS if not (data / need).is_dir()]:
        yield Row(name, "not measured", note=f"no data: {', '.join(missing)}")
        return
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    yield from measure.rows(data, CACHE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
