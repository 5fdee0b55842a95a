"""Look for known weaknesses of every locked package: `make audit` (needs the network).

Exit status 1 where one is known. What could not be looked up is said, never taken for sound.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.locked import FILES, ROOT

ARGUED: dict[str, str] = {}
"""Weaknesses that do not concern us, by their id, each with the reason."""
AUDITOR = Path(sys.prefix) / "audit" / "bin" / "python"
"""What audits has an environment of its own: some of its parts would change how the tests print."""
COMMAND = "pip_audit --no-deps --disable-pip --progress-spinner off --format json --requirement".split()


class Audit(NamedTuple):
    """What is known about the packages of one lock file."""

    sound: tuple[str, ...]
    weak: tuple[str, ...]
    """Package, version and id of each weakness."""
    unknown: tuple[str, ...]
    """Packages nobody could tell us about."""


def main() -> None:
    """Ask about each lock file and tell."""
    status = 0
    for file in FILES:
        found = ask(file)
        print(told(file, found))  # noqa: T201 - a command prints
        status = status or int(found is not None and bool(found.weak))
    sys.exit(status)


def ask(file: str) -> Audit | None:
    """Return what the service says; None where it cannot be reached, or asked."""
    command = [str(AUDITOR), "-m", *COMMAND, file]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return understood(done.stdout)


def understood(report: str) -> Audit | None:
    """Read a report of pip-audit; None where it is none."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError):
        return None
    looked_at = [one for one in packages if "skip_reason" not in one]
    weak = [
        f"{one['name']} {one['version']} {each['id']}"
        for one in looked_at
        for each in one["vulns"]
        if each["id"] not in ARGUED
    ]
    sound = [one["name"] for one in looked_at if not one["vulns"]]
    return Audit(tuple(sound), tuple(weak), tuple(one["name"] for one in packages if "skip_reason" in one))


def told(file: str, found: Audit | None) -> str:
    """Return what to print: one line, and one for each weakness."""
    if found is None or not (found.sound or found.weak):
        return f"{file}: NOT AUDITED: the service that knows weaknesses cannot be reached"
    lines = [f"{file}: {len(found.sound)} packages without a known weakness, {len(found.weak)} weaknesses"]
    if found.unknown:
        lines.append(f"{file}: NOT AUDITED: {', '.join(found.unknown)}")
    return "\n".join([*lines, *(f"  {each}" for each in found.weak)])


if __name__ == "__main__":
    main()
