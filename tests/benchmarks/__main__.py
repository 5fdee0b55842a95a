"""`make bench`: take every measure, print one table, keep it in benchmarks.json.

python -m tests.benchmarks                    # all measures, about an hour
python -m tests.benchmarks turns stepping     # only these
python -m tests.benchmarks --quick            # everything once and small: shows that it works, not how fast
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.contest import apart, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.benchmarks.table import Row

KEPT = Path("benchmarks.json")
NAMES = sorted(file.stem.removeprefix("measure_") for file in Path(__file__).parent.glob("measure_*.py"))
HEADS = ("what", "ours", "peer or floor", "its figure", "ratio", "target", "met", "CPU µs")


def lines(rows: Iterable[Row]) -> list[str]:
    """Return the table as it is printed; notes stand below the row they belong to."""
    noted = [(_cells(row), row.note) for row in rows]
    widths = [max(map(len, column)) for column in zip(HEADS, *(cells for cells, _ in noted), strict=True)]
    printed = [_line(HEADS, widths), _line(["-" * width for width in widths], widths)]
    for cells, note in noted:
        printed += [_line(cells, widths), *([f"    {note}"] if note else [])]
    return printed


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.what,
        row.ours,
        row.peer,
        row.theirs,
        "" if row.ratio is None else f"{row.ratio:.3g}",
        row.target,
        {True: "yes", False: "NO", None: ""}[row.met],
        "" if row.cpu_us is None else f"{row.cpu_us:.1f}",
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def conditions() -> dict[str, str]:
    """Return what a reader must know of the machine to judge the figures."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return {
        "when": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": str(os.cpu_count()),
        "load": load,
    }


@dataclass(frozen=True, slots=True)
class Measured:
    """The rows of one measure, and the machine as it was when it began."""

    conditions: dict[str, str]
    rows: list[Row]


def keep(quick: bool, measured: Mapping[str, Measured]) -> None:
    """Write the measures into the file; those of earlier runs stay, unless they were of the other size."""
    before = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    known = before.get("measures", {}) if before.get("quick") == quick else {}
    kept = {"quick": quick, "measures": known | {name: asdict(one) for name, one in measured.items()}}
    KEPT.write_text(json.dumps(kept, indent=2, ensure_ascii=False), encoding="utf-8")


def main(words: Sequence[str]) -> None:
    """Take the measures named (all where none is), print and keep the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Take measures, print one table.")
    parser.add_argument("names", nargs="*", metavar="name", help=f"one or more of: {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="once and small: shows that it works, not how fast it is")
    given = parser.parse_args(words)
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"no measure {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}")
    known = conditions()
    measured: dict[str, Measured] = {}
    for name in given.names or NAMES:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        measured[name] = Measured(conditions(), apart(rows_of, name, given.quick))
    print(*(f"{key}: {value}" for key, value in known.items()), sep=", ")
    print(*lines(row for one in measured.values() for row in one.rows), sep="\n")
    keep(given.quick, measured)


if __name__ == "__main__":
    main(sys.argv[1:])
