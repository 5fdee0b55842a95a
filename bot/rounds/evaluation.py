"""What is known of a round by its end, to be read before its lessons are written. Pure.

How many answered against what was aimed at, who was missing, what people said of the round itself (the core items of
the question bank), what was decided, and to how many it was told back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.rounds import wording
from bot.rounds.record import spoken_day
from bot.rounds.tongues import in_language
from flows.speak import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.digests.findings import Finding, Findings
    from bot.rounds.fairness import Numbers
    from bot.rounds.looking import Counts
    from bot.rounds.outcome import Outcome

CORE = "core."
"""How items begin that ask about the round itself."""
LONGEST = 300
"""Letters of a decision that are told; all of it stands where it was written."""


def known(
    numbers: Numbers, missing: list[str], counts: Counts, findings: Findings | None, outcome: Outcome, reader: str
) -> Iterator[str]:
    """Give what is known, a line each, in the language `reader`; `missing` says in words who is."""
    yield wording.core(reader, "answered", n=numbers.finished)
    if numbers.wanted:
        yield wording.core(reader, "wanted", n=numbers.wanted)
    if not any(table.margin for table in numbers.tables):
        yield wording.core(reader, "not_asked" if numbers.entered else "unknown")
    yield from (wording.core(reader, "missing", who=who) for who in missing)
    for one in findings.findings if findings else ():
        if one.item.startswith(CORE) and (shares := _shares(one, reader)):
            yield f"{in_language(one.question, reader).strip().split(chr(10))[0]} {shares}"
    if made := outcome.decision:
        text = shortened(in_language(made.text, reader), LONGEST)
        yield wording.core(reader, "decided", day=spoken_day(made.on, reader), text=text)
    if counts.told:
        heard = {"clear": counts.clear, "partly": counts.partly, "unclear": counts.unclear}
        yield wording.core(reader, "told", n=counts.told, **heard)


def _shares(one: Finding, reader: str) -> str:
    told = (each for each in one.answers if each.percent is not None)
    return ", ".join(
        wording.core(reader, "share", label=in_language(each.label, reader), n=each.percent) for each in told
    )
