"""The words of a form as a chat can say them: plain, and with no gaps that nobody fills."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ANSWER = re.compile(r"\$\{\s*([^}]*?)\s*\}")
_MARKUP = re.compile(r"</?(?:b|i|u|em|strong|small|span|font|br|p|div|a|center|h[1-6])(?:\s[^<>]*)?/?>", re.IGNORECASE)
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_HEADING = re.compile(r"^#{1,6}\s+", re.MULTILINE)

GAP = "…"
"""What stands where a form puts an earlier answer."""


@dataclass(frozen=True, slots=True)
class Plain:
    """A text, and what is no longer in it."""

    text: str
    losses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plain(text: str, instead: str = "") -> Plain:
    """Return a text without marks of style; an earlier answer in it (`${name}`) becomes a gap, and is told.

    Where nothing else is in it, it reads `instead`: choices that are all a gap cannot be told apart.
    """
    answers = _ANSWER.findall(text)
    if answers and instead and not _ANSWER.sub("", text).strip():
        lost = f'its text is the answer "{text.strip()}", which is not repeated; it reads "{instead}"'
        return Plain(plain(instead).text, (lost,))
    filled = _ANSWER.sub(GAP, text)
    unmarked = _HEADING.sub("", _STRONG.sub(r"\2", _MARKUP.sub("", filled)))
    notes = ["its marks of bold, colour or size are left out"] if unmarked != filled else []
    bracketed = unmarked.replace("{", "(").replace("}", ")")
    if bracketed != unmarked:
        notes.append("its braces are round: those in a flow are filled in")
    losses = tuple(f'its text does not repeat the answer "${{{name}}}"; "{GAP}" stands there' for name in answers)
    return Plain(" ".join(bracketed.split(" ")).strip(), losses, tuple(notes))
