"""Write the lock files from pyproject.toml: `make lock` (needs uv and the public package index)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPILE = (
    "uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate "
    "--no-emit-index-url --no-emit-find-links --quiet"
).split()


def main() -> None:
    """Lock what tests, then what runs, what benchmarks, mutates and audits, with the same versions in all.

    Arguments go to uv (`-c versions.txt`).
    """
    testing = [*COMPILE, *sys.argv[1:], "--extra", "build", "--extra", "test", "-o", "requirements-test.lock"]
    runtime = [*COMPILE, "--extra", "build", "-c", "requirements-test.lock", "-o", "requirements.lock"]
    peers = [*COMPILE, "--extra", "build", "--extra", "bench", "-c", "requirements-test.lock"]
    mutants = [*COMPILE, "--extra", "build", "--extra", "mutants", "-c", "requirements-test.lock"]
    audit = [*COMPILE, "--extra", "build", "--extra", "audit", "-c", "requirements-test.lock"]
    last = [
        [*peers, "-o", "requirements-bench.lock"],
        [*mutants, "-o", "requirements-mutants.lock"],
        [*audit, "-o", "requirements-audit.lock"],
    ]
    for command in (testing, runtime, *last):
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
