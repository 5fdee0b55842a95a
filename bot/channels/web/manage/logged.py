"""What an entry of a round's log says has changed, in words: each field with what stood there and what stands now.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.rounds import lifecycle
from bot.rounds.record import day_of
from bot.rounds.wording import meaning, options
from bot.texts import own_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from bot.channels.web.words import Words

NAMED = {
    "opens_at": "form.opens_on",
    "closes_at": "form.closes_on",
    "remind_at": "asking.remind",
    "spread_hours": "asking.spread",
    "whom.lists": "asking.list",
    "outcome.analysis": "after.analysis",
    "outcome.readings": "after.readers",
    "outcome.decision": "after.decision",
    "decision.text": "after.decision_text",
    "decision.on": "after.on",
    "decision.reasons": "after.reasons",
    "decision.not_chosen": "after.not_chosen",
    "aims.answers": "turnout.aims_all",
    "aims.wanted": "turnout.wanted",
    "record.title": "form.title",
    "margins": "turnout.lives",
}
"""Where the pages name a fact of a round by another key than its own."""
RECORD = "record."
OF_RECORD, OF_OTHERS = ("fact", "need"), ("fact", "after", "form", "asking")
"""Sections of the sentences in which a fact may be named by its own key."""
CODES = frozenset({"service", "flow", "audience", "services", "areas", "stages", "languages", "changed"})
"""Facts that hold ids, which the reader knows by another name."""
MOMENTS = ("opens_at", "closes_at", "remind_at")
PICKED = {"influence": "influences", "duty": "duty", "level": "level"}
"""Fields that hold one of several choices, with the table that says what they mean."""
UNTOLD = frozenset({"sha256"})
"""What stands in a log for programs."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field; a text is empty where nothing stood, or stands, there."""

    label: str
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a log: in which words, by which clock, and what services, flows and audiences are called."""

    words: Words
    zone: ZoneInfo
    called: Mapping[str, str] = field(default_factory=dict)

    def changes(self, changed: Mapping[str, tuple[Any, Any]]) -> list[Change]:
        """Return what an entry says is other than before, (old, new) by the name of the fact; a text per language."""
        return [
            Change(label, self._said(path, before), self._said(path, now))
            for name, values in changed.items()
            for path, label, before, now in self._rows(name, self._label(name), *values)
        ]

    def _rows(self, path: str, label: str, before: Any, now: Any) -> Iterator[tuple[str, str, Any, Any]]:  # noqa: ANN401 - JSON
        """Lay out what has several parts, and keep of them what is other than before."""
        if isinstance(before, Mapping) or isinstance(now, Mapping):
            was, is_ = _parts(before), _parts(now)
            for key in [each for each in {**was, **is_} if was.get(each) != is_.get(each)]:
                yield from self._rows(f"{path}.{key}", self._within(path, label, key), was.get(key), is_.get(key))
        elif isinstance(before, list) or isinstance(now, list):
            old, new = before or [], now or []
            yield path, label, [one for one in old if one not in new], [one for one in new if one not in old]
        else:
            yield path, label, before, now

    def _within(self, path: str, label: str, key: str) -> str:
        if path == "record.lists":
            return self._label(f"{RECORD}{key}")
        spoken = own_name(key)
        part = spoken if spoken != key else self._label(f"{path.rpartition('.')[2]}.{key}")
        return f"{label} ({part})" if key else label

    def _label(self, name: str) -> str:
        where, _, bare = name.rpartition(".")
        heads = OF_RECORD if name.startswith(RECORD) else OF_OTHERS
        keys = (NAMED.get(name, ""), NAMED.get(where, ""), *(f"{head}.{bare}" for head in heads))
        known = next((self.words(key) for key in keys if self.words.has(key)), "")
        said = known or self.called.get(bare) or meaning(self.words.language, bare)
        return said[:1].upper() + said[1:]

    def _said(self, path: str, value: Any) -> str:  # noqa: ANN401 - JSON
        bare = path.rpartition(".")[2]
        match value:
            case str() if path in MOMENTS and value:
                return self._moment(path, datetime.fromisoformat(value))
            case str() if bare == "own_words":
                return ", ".join(self._label(f"{RECORD}{name.strip()}") for name in value.split(","))
            case str() if bare in PICKED:
                return dict(options(self.words.language, PICKED[bare])).get(value, value)
            case str() if bare in CODES:
                return self.called.get(value, value)
            case str():
                day = day_of(value)
                return self.words.day_of(day) if day else value
            case int() | float():
                return self.words.number(value)
            case Mapping():
                return " · ".join(filter(None, (self._said(key, value[key]) for key in value if key not in UNTOLD)))
            case list():
                return "\n".join(filter(None, (self._said(path, one) for one in value)))
            case _:
                return ""

    def _moment(self, name: str, at: datetime) -> str:
        match name:
            case "opens_at":
                return self.words.day(at, self.zone)
            case "closes_at":
                return self.words.day_of(lifecycle.last_day(at, self.zone))
            case _:
                return self.words.moment(at.astimezone(self.zone))


def _parts(value: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """Return what has several parts by their names; what has none is one part without a name."""
    if isinstance(value, Mapping):
        return value
    return {"": value} if value else {}
