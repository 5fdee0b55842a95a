"""Change the engine and the compiler of flows a little, one change at a time, and count what the tests notice.

`make mutants` tries 250 of some 4,000 changes, drawn by a number that can be given: `make mutants MANY=400 SEED=7`.
mutmut makes the changes and runs the tests that reach each. Flows that a test file compiles as it is read are compiled
before mutmut lets the change act, so what survives is tried once more from the start, by all tests of flows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPY = ROOT / "mutants"
CHANGED = ("engine", "source", "asked", "composing", "places")
MUTMUT = [sys.executable, "-m", "mutmut"]
TESTS = ["-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-n", "0", "tests/flows"]
SURVIVED = {0, 33}
"""How mutmut notes that all tests passed, and that no test reaches the change."""


def main() -> int:
    """Print which changes no test notices, and the part that one does; return 1 where that is below 90 %."""
    asked = argparse.ArgumentParser(description="Change the engine, and see whether the tests notice.")
    asked.add_argument("--many", type=int, default=250)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    options = asked.parse_args()
    _run("flows.engine.x_start__mutmut_1")  # writes all changes down
    drawn = random.Random(options.seed).sample(sorted(_noted()), options.many)  # noqa: S311 - a lot, no secret
    _run("--max-children", str(options.at_once), *drawn)
    noted = _noted()
    unseen = [one for one in drawn if noted[one] in SURVIVED and not _is_seen(one)]
    for one in unseen:
        subprocess.run([*MUTMUT, "show", one], cwd=ROOT, check=True)
    seen = 1 - len(unseen) / len(drawn)
    sys.stdout.write(f"{len(drawn)} of {len(noted)} changes tried, {len(drawn) - len(unseen)} noticed: {seen:.1%}\n")
    return int(seen < 0.9)


def _run(*names: str) -> None:
    subprocess.run([*MUTMUT, "run", *names], cwd=ROOT, check=True)


def _noted() -> dict[str, int | None]:
    files = (COPY / "flows" / f"{name}.py.meta" for name in CHANGED)
    return {
        one: code for file in files for one, code in json.loads(file.read_text("utf-8"))["exit_code_by_key"].items()
    }


def _is_seen(change: str) -> bool:
    """Whether a test fails where the change acts from the first line on."""
    env = {**os.environ, "MUTANT_UNDER_TEST": change}
    return subprocess.run([sys.executable, *TESTS], cwd=COPY, env=env, check=False, capture_output=True).returncode != 0


if __name__ == "__main__":
    sys.exit(main())
