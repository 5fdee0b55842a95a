"""What is wrong with the configuration: where it stands, which key, and the mend."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.errors import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the configuration: where, which key, and the mend."""

    where: str
    key: str
    message: str

    @property
    def line(self) -> int:
        """The line in the file, 0 where it stands elsewhere."""
        found = re.search(r", line (\d+)$", self.where)
        return int(found[1]) if found else 0

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class Faulty(Usage):
    """The configuration is wrong; `faults` holds everything that is, at once."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class Source:
    """The words a setting came from, to say where it stands."""

    file: str = ""
    lines: tuple[str, ...] = ()
    variables: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def where(self, path: tuple[str | int, ...]) -> str:
        """Return where the setting at `path` was written: a line of the file, or a variable."""
        names = tuple(str(step) for step in path)
        for variable_of in (names[:2], names[:1]):
            if variable_of in self.variables:
                return f"environment variable {self.variables[variable_of]}"
        line = _line_of(self.lines, path)
        return f"{self.file}, line {line}" if line else self.file


def fault(source: Source, path: tuple[str | int, ...], said: str) -> Fault:
    """Return what is wrong with the setting at `path`, services counted from 1 as people do."""
    if path[:1] == ("services",) and len(path) > 1:
        name = f"services[{int(path[1]) + 1}]" + "".join(f".{step}" for step in path[2:])
    else:
        name = ".".join(str(step) for step in path)
    return Fault(source.where(path), name, said)


def did_you_mean(word: str, known: list[str]) -> str:
    """Return ` Did you mean "…"?` for the nearest known name, or nothing where none is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


_HEADER = re.compile(r"\s*\[(\[?)\s*([\w.\"-]+)\s*\]")


def _line_of(lines: tuple[str, ...], path: tuple[str | int, ...]) -> int | None:
    """Return the line (from 1) that sets `path`, or that opens its section; None where neither is found."""
    section, key = str(path[0]), str(path[-1]) if len(path) > 1 else None
    wanted = path[1] if section == "services" and len(path) > 1 else None
    here, count, opened = None, -1, None
    for number, line in enumerate(lines, start=1):
        if header := _HEADER.match(line):
            here = header[2].strip('"')
            count += here == section and bool(header[1])
            if here == section and wanted in (None, count):
                opened = opened or number
        elif here == section and wanted in (None, count) and key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
        elif here is None and re.match(rf"\s*\"?{re.escape(section)}\"?\s*=", line):
            opened = number
    return opened
