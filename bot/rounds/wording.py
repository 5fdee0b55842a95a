"""What organisers read about rounds, from `texts/<language>.toml` beside this file."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.digests.disclosure import stepped
from bot.errors import Refused
from bot.rounds.outcome import sorted_out
from bot.rounds.tongues import in_language

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.rounds.outcome import Outcome
    from storage.entries import Voices

_FOLDER = Path(__file__).parent / "texts"
FALLBACK = "en"
_ENDS = ".!?…:؟"
UNWRITTEN = "…"
"""Stands in a report made of what is known where nobody has written anything yet."""
_ALONE = re.compile(rf"(?<!\S){UNWRITTEN}(?!\S)")


@cache
def _texts(language: str) -> dict[str, dict[str, str]]:
    file = _FOLDER / f"{language}.toml"
    return tomllib.loads((file if file.exists() else _FOLDER / f"{FALLBACK}.toml").read_text(encoding="utf-8"))


def fault(reader: str, key: str, **values: object) -> str:
    """Return one line about what is wrong, in the language `reader` (English where there is no such file).

    `unsaid` with `name` asks for something that nobody has said; a `state` is said in words, a moment by its hour.
    """
    texts = _texts(reader)
    said = texts["unsaid"][str(values["name"])] if key == "unsaid" else texts["faults"][key]
    if "state" in values:
        values["state"] = texts["states"][str(values["state"])]
    return said.format(**{name: _hour(each, reader) for name, each in values.items()})


def _hour(value: object, reader: str) -> object:
    """Return the hour of a moment as it is written there; anything else as it is."""
    if not isinstance(value, datetime):
        return value
    from bot.texts import texts  # noqa: PLC0415 - dates are slow to load, and rarely needed

    return texts(reader).hour(value)


def short(reader: str, key: str, **values: object) -> str:
    """Return the same beside the name of the field that is meant."""
    texts = _texts(reader)
    return texts["short"].get(key, texts["faults"][key]).format(**values)


COMMANDS: Mapping[str, str] = {
    "cancel_instead": "civicloop round cancel {code} --why …",
    "extend_before_decided": "--feedback-on DAY",
    "extend_decided_on": "--decided-on DAY",
    "extend_feedback_on": "--feedback-on DAY",
    "no_issues": "civicloop round issue",
    "no_place": "civicloop round place",
    "not_approver": "civicloop invite --role approver",
    "not_signed": "civicloop round approve {code} --as NAME",
}
"""How a command line does what a refusal asks for: nobody else is told so."""
_DAYS = ("day", "closed", "read")
"""What of a refusal is a day: people read it in words."""
_ABOUT_FIELDS = frozenset({"only_later", "not_a_date", "too_far_day"})
"""Refusals whose `name` is that of a field."""


class Forbidden(Refused):
    """What the rules of rounds forbid: said in English at the command line, and to all others in their language."""

    def __init__(self, key: str, **values: object) -> None:
        command = COMMANDS.get(key, "")
        super().__init__(fault(FALLBACK, key, **values) + (f" ({command.format(**values)})" if command else ""))
        self.key, self._values = key, values

    @property
    def about(self) -> str:
        """What it is about, where it asks for something that nobody has said: `response`, say."""
        return str(self._values.get("name", ""))

    def spoken(self, language: str) -> str:
        """Return the line in a language, its days in words, a field called by what it means."""
        said = {name: _day(value, language) if name in _DAYS else value for name, value in self._values.items()}
        if self.key in _ABOUT_FIELDS:
            said["name"] = meaning(language, self.about)
        return fault(language, self.key, **said)


def _day(value: object, language: str) -> str:
    """Return a day in words; what is none as it is."""
    from bot.rounds.record import spoken_day  # noqa: PLC0415 - dates are slow to load, and rarely needed

    try:
        return spoken_day(date.fromisoformat(str(value)), language)
    except ValueError:
        return str(value)


def standing(reader: str, verdict: str) -> str:
    """Return how a group stands, in words."""
    return _texts(reader)["standing"][verdict]


def advice(reader: str, key: str, **values: object) -> str:
    """Return one line about words that could be plainer."""
    return _texts(reader)["advice"][key].format(**values)


def named(reader: str, name: str, said: str) -> str:
    """Return what is said of a field, behind its name."""
    return _texts(reader)["advice"]["named"].format(name=name, said=said)


def missing(reader: str, kind: str, **values: object) -> str:
    """Return one sentence about a group that is missing: who it is, how large, what to do about it."""
    return _texts(reader)["missing"][kind].format(**values)


def core(reader: str, key: str, **values: object) -> str:
    """Return one line of what is known of a round by its end."""
    return _texts(reader)["core"][key].format(**values)


def change(reader: str, kind: str, **values: object) -> str:
    """Return one line about what changed between two versions of a flow; `none` says that nothing did."""
    return _texts(reader)["changes"][kind].format(**values)


def spoken(error: Exception, language: str) -> str:
    """Return what an error says, in this language where it can."""
    return error.spoken(language) if isinstance(error, Forbidden) else str(error)


def meaning(language: str, name: str) -> str:
    """Return what a field of the record means; the bare name for a field of the flow's own."""
    return about_example(language, name) if name == "title" else _texts(language)["meanings"].get(name, name)


def names() -> tuple[str, ...]:
    """Return the fields of a record that have a meaning here, in the order they are explained."""
    return tuple(_texts(FALLBACK)["meanings"])


def about_example(language: str, key: str, **values: object) -> str:
    """Return what stands above a part of an example that is written into a file."""
    return _texts(language)["example"][key].format(**values)


def influences(language: str) -> list[tuple[str, str]]:
    """Return (id, meaning) of the five promises, from least say to most."""
    return list(_texts(language)["influences"].items())


def options(language: str, name: str) -> list[tuple[str, str]]:
    """Return (id, meaning) of what a field of the record offers to choose from."""
    return list(_texts(language)[name].items())


def unwritten(text: str) -> bool:
    """Whether a report still holds the mark, by itself, of what nobody has written; one behind a word is its own."""
    return _ALONE.search(text) is not None


def report(language: str, voices: Voices, minimum: int, outcome: Outcome, day: str) -> str:
    """Return a report to write on: what people said, what is done, what is not and why, the decision of a `day`.

    It is to be published: people are told in steps of the public minimum, as on the page of the round, so that nobody
    follows from the two; fewer than it are not told.
    """
    texts, parts = _texts(language)["report"], sorted_out(outcome.issues, language)
    did_not = [texts["because"].format(what=what, why=why) for what, why in parts.did_not]
    if outcome.decision and (left := in_language(outcome.decision.not_chosen, language).strip()):
        did_not.append(left)
    blocks = [
        _took_part(texts, voices, minimum),
        _listed(texts["said"], parts.said),
        _listed(texts["did"], parts.did),
        _listed(texts["did_not"], did_not),
        _decided(texts, outcome, language, day),
        texts["thanks"],
    ]
    return "\n\n".join(block for block in blocks if block)


def _took_part(texts: Mapping[str, str], voices: Voices, minimum: int) -> str:
    people, many = stepped(voices.individuals, minimum), stepped(voices.declared, minimum)
    told = texts["few"].format(minimum=minimum) if people is None else texts["people"].format(n=people)
    apart = texts["apart"].format(groups=voices.groups, organisations=len(voices.organisations))
    declared = texts["declared"].format(n=many)
    beside = [apart] if voices.groups or voices.organisations else []
    return " ".join([told, *beside, *([declared] if many else [])])


def _decided(texts: Mapping[str, str], outcome: Outcome, language: str, day: str) -> str:
    made = outcome.decision
    if made is None:
        return ""
    text, reasons = (_sentence(in_language(said, language)) for said in (made.text, made.reasons))
    return texts["decided"].format(day=day, text=text, reasons=reasons)


def _sentence(text: str) -> str:
    """Return a text with a full stop, so that another sentence may follow it."""
    return text if not text or text[-1] in _ENDS else f"{text}."


def _listed(head: str, lines: Sequence[str]) -> str:
    return "\n".join((head, *(f"– {line}" for line in lines or (UNWRITTEN,))))
