"""What an author should repair: every fault once, with file, line and the mend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from rapidfuzz import fuzz, process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Severity = Literal["error", "warning", "info"]
"""An error must be mended, a warning should be, an info is worth a thought."""


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One thing an author should repair; as text `ideas.toml, line 10: no state "priorty". Did you mean …?`."""

    file: str
    line: int
    message: str
    code: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """Return the line an author reads."""
        told = "" if self.severity == "error" else f" ({self.severity})"
        return f"{self.file}, line {self.line}{told}: {self.message}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel shows whole: characters of one message and of one button's label, and how many buttons."""

    text: int = 4096
    label: int = 64
    buttons: int = 100


STRICTEST: Mapping[str, Limits] = {"telegram": Limits()}
"""Limits checked where the caller names no channels."""


class Where(Protocol):
    """Finds the file and line of a state, or of something in it (`"next"`, `"options", 2, "label"`)."""

    def __call__(self, state: str, *keys: str | int, language: str = "") -> tuple[str, int]:
        """Return (file, line): with a `language` of the words in it, without keys of the state's text."""


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """Return ` Did you mean "…"?` for the nearest known name, or nothing where none is near."""
    found = nearest(wrong, known)
    return f' Did you mean "{found}"?' if found else ""


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant, or None where none is near."""
    found = process.extractOne(wrong, [*known], scorer=fuzz.ratio, score_cutoff=60)
    return found[0] if found else None
