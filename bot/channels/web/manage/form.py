"""The form of a round: what was typed, what it means, and where it errs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.rounds import codes, lifecycle
from bot.rounds.lifecycle import AUDIENCES, LINK
from bot.rounds.record import in_tongue
from bot.rounds.tongues import in_language

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from bot.channels.web.backstage import Need, RoundView
    from bot.channels.web.words import Words
    from bot.rounds.example import Example
    from bot.rounds.tongues import Text

OWN = ("title", "code", "audience", "opens_on", "closes_on")
"""What a round has beside its record."""


@dataclass(frozen=True, slots=True)
class Error:
    """One field at fault: `name` is the field's id on the page."""

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A form, read: what the rounds take, and the faults a person can mend at once."""

    title: str
    audience: str
    opens_at: datetime | None
    closes_at: datetime | None
    record: Mapping[str, object]
    errors: Sequence[Error]
    code: str = ""
    """The short name in links and on posters, where somebody chose one."""
    retitled: bool = False
    """Whether the form held the titles in other languages: then what it leaves empty is taken away."""


def read(
    typed: Mapping[str, str],
    needs: Sequence[Need],
    languages: Sequence[str],
    zone: ZoneInfo,
    words: Words,
    kept: RoundView | None = None,
) -> Filled:
    """Read what was typed. Days are days of the city: a round opens as its day begins and closes as its day ends.

    Of a round that is `kept`, a day that stays keeps its hour, an option whose label stays keeps its id, and a text
    that stays and is in no known language stays so.
    """
    errors: list[Error] = []

    def day(name: str) -> date | None:
        text = typed.get(name, "").strip()
        try:
            return _day(text) if text else None
        except ValueError:
            errors.append(Error(name, words("form.bad_date")))
            return None

    title, code = typed.get("title", "").strip(), typed.get("code", "").strip().lower()
    if not title:
        errors.append(Error("title", words("form.no_title")))
    if code and codes.own_code(code) is None:
        errors.append(Error("code", words("form.bad_code")))
    opens, closes = day("opens_on"), day("closes_on")
    if opens and closes and closes < opens:
        errors.append(Error("closes_on", words("form.end_first")))
    audience = typed.get("audience", "")
    if audience not in AUDIENCES:
        errors.append(Error("audience", words("form.no_audience")))
    record = _record(typed, needs, languages, kept.record if kept else {}) | _titles(typed, languages)
    errors += [Error(need.name, words("form.bad_date")) for need in needs if _bad_day(need, record)]
    errors += [Error(need.name, words("form.list_uneven")) for need in needs if _is_uneven(need, typed, languages)]
    retitled = any(f"title.{one}" in typed for one in languages)
    return Filled(
        title, audience, _opening(opens, zone, kept), _closing(closes, zone, kept), record, errors, code, retitled
    )


def shown(round_: RoundView, needs: Sequence[Need], languages: Sequence[str], zone: ZoneInfo) -> dict[str, str]:
    """Return what the form's fields hold for a round that exists: the inverse of `read`."""
    typed = {"title": round_.title, "audience": round_.audience}
    typed["opens_on"] = round_.opens_at.astimezone(zone).date().isoformat() if round_.opens_at else ""
    typed["closes_on"] = _last_day(round_.closes_at, zone)
    typed |= _typed_titles(round_.record.get("title"))
    return typed | _all_typed(needs, round_.record, languages)


def filled(example: Example, needs: Sequence[Need], languages: Sequence[str], own: str) -> dict[str, str]:
    """Return what the form's fields hold for an example, its title in the round's `own` language."""
    closes = example.closes_on.isoformat() if example.closes_on else ""
    typed = {"title": in_language(example.title, own), "audience": LINK, "opens_on": "", "closes_on": closes}
    typed |= {name: text for name, text in _typed_titles(example.title).items() if name != f"title.{own}"}
    return typed | _all_typed(needs, example.record, languages)


def _all_typed(needs: Sequence[Need], record: Mapping[str, object], languages: Sequence[str]) -> dict[str, str]:
    return {name: text for need in needs for name, text in _typed(need, record, languages).items()}


def last_day(moment: datetime | None, zone: ZoneInfo, words: Words) -> str:
    """Return the last day on which a round is open, in words; empty where it does not close by itself."""
    return words.day_of(lifecycle.last_day(moment, zone)) if moment else ""


def end_of(text: str, zone: ZoneInfo) -> datetime | None:
    """Return the moment at which a typed day ends, or None where it is no day."""
    try:
        return _end(_day(text.strip()), zone)
    except ValueError:
        return None


def _typed(need: Need, record: Mapping[str, object], languages: Sequence[str]) -> dict[str, str]:
    if need.kind == "list":
        lists = record.get("lists")
        rows = lists.get(need.name, ()) if isinstance(lists, dict) else ()
        return {f"{need.name}.{one}": _lines_in(rows, one, languages[0]) for one in languages}
    value = record.get(need.name)
    if need.kind != "text":
        return {need.name: in_language(value, languages[0])}
    if isinstance(value, dict):
        return {f"{need.name}.{one}": str(value.get(one, "")) for one in languages}
    return {f"{need.name}.{languages[0]}": str(value or "")}


def _lines_in(rows: Sequence[tuple[str, Text]], language: str, first: str) -> str:
    """Return the labels of a list, a line each; none in a language in which nobody has written any.

    What stands for all languages is shown in the `first`.
    """
    there = [bool(said.get(language)) if isinstance(said, Mapping) else language == first for _, said in rows]
    return "\n".join(in_language(said, language) for _, said in rows) if any(there) else ""


def worded(texts: Mapping[str, Text], own: str) -> dict[str, str]:
    """Return what fields with a place for each language hold; what stands for all of them is in the round's `own`."""
    laid = {name: text if isinstance(text, Mapping) else {own: text} for name, text in texts.items()}
    return {f"{name}.{one}": said for name, text in laid.items() for one, said in text.items()}


def _titles(typed: Mapping[str, str], languages: Sequence[str]) -> dict[str, object]:
    """Return the titles beside the round's own, as its record keeps them."""
    titles = {one: text for one in languages if (text := typed.get(f"title.{one}", "").strip())}
    return {"title": titles} if titles else {}


def _typed_titles(titles: object) -> dict[str, str]:
    return {f"title.{one}": str(text) for one, text in titles.items()} if isinstance(titles, Mapping) else {}


def _lists(kept: Mapping[str, object]) -> Mapping[str, Sequence[tuple[str, Text]]]:
    lists = kept.get("lists")
    return lists if isinstance(lists, dict) else {}


def _record(
    typed: Mapping[str, str], needs: Sequence[Need], languages: Sequence[str], kept: Mapping[str, object]
) -> dict[str, object]:
    record: dict[str, object] = {}
    lists: dict[str, object] = {}
    rows = _lists(kept)
    for need in needs:
        match need.kind:
            case "list":
                lists[need.name] = _rows(typed, need.name, languages, rows.get(need.name, ()))
            case "text":
                record[need.name] = _text(typed, need.name, languages, kept.get(need.name))
            case _:
                record[need.name] = typed.get(need.name, "").strip()
    record = {name: value for name, value in record.items() if value}
    return {**record, **({"lists": lists} if lists else {})}


def _text(typed: Mapping[str, str], name: str, languages: Sequence[str], was: object) -> Text:
    """Return a text per language, or as it `was` where it was kept without one and stays.

    The sentences it is put into bring their own full stop.
    """
    texts = {one: text for one in languages if (text := typed.get(f"{name}.{one}", "").strip().rstrip("."))}
    if len(texts) > 1:
        return texts
    ((language, text),) = texts.items() or [("", "")]
    return text if text == str(was or "").rstrip(".") else in_tongue(name, text, language, languages)


def _rows(
    typed: Mapping[str, str], name: str, languages: Sequence[str], kept: Sequence[tuple[str, Text]]
) -> list[tuple[str, Text]]:
    """Return one option a line; lines of other languages are laid beside those of the first.

    A label stays as it was where it was kept without a language.
    """
    columns = {one: lines for one in languages if (lines := _lines(typed.get(f"{name}.{one}", "")))}
    own, first = next(iter(columns.items()), ("", []))
    was = dict(kept)

    def label(n: int, id_: str) -> Text:
        if len(columns) == 1 and was.get(id_) == first[n]:
            return first[n]
        return {one: (lines[n] if n < len(lines) else first[n]) for one, lines in columns.items()}

    return [(id_, label(n, id_)) for n, id_ in enumerate(_ids(first, own, kept))]


def _is_uneven(need: Need, typed: Mapping[str, str], languages: Sequence[str]) -> bool:
    """Whether the lines of a list cannot be laid side by side: votes would count for another option."""
    many = {len(lines) for one in languages if (lines := _lines(typed.get(f"{need.name}.{one}", "")))}
    return need.kind == "list" and len(many) > 1


def _ids(labels: Sequence[str], own: str, kept: Sequence[tuple[str, Text]]) -> list[str]:
    """Return the ids of options: the one that was kept with the same label, and for the others one that none has."""
    known: dict[str, list[str]] = {}
    for id_, label in kept:
        known.setdefault(in_language(label, own).strip(), []).append(id_)
    stay = [known[label].pop(0) if known.get(label) else "" for label in labels]
    free = (f"o{n}" for n in range(1, 2 * len(labels) + 1) if f"o{n}" not in stay)
    return [id_ or next(free) for id_ in stay]


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _bad_day(need: Need, record: Mapping[str, object]) -> bool:
    value = record.get(need.name)
    if need.kind != "date" or not value:
        return False
    try:
        _day(str(value))
    except ValueError:
        return True
    return False


def _day(text: str) -> date:
    """Read a day. Raises `ValueError` for what is none, and for one so far away that nobody lives to see it."""
    day = date.fromisoformat(text)
    if day.year > lifecycle.LATEST:
        raise ValueError(text)
    return day


def _opening(day: date | None, zone: ZoneInfo, kept: RoundView | None) -> datetime | None:
    at = kept.opens_at if kept else None
    return at if at is not None and day == at.astimezone(zone).date() else _begin(day, zone)


def _closing(day: date | None, zone: ZoneInfo, kept: RoundView | None) -> datetime | None:
    at = kept.closes_at if kept else None
    return at if at is not None and day == lifecycle.last_day(at, zone) else _end(day, zone)


def _begin(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None


def _end(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day + timedelta(days=1), time(), zone) if day else None


def _last_day(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return the last day on which a round is open: midnight belongs to the day before."""
    return lifecycle.last_day(moment, zone).isoformat() if moment else ""
