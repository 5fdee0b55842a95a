"""The record of a round: what an organiser says about it, laid over what the city says anyway. Pure.

A record is a mapping from the name of a placeholder to a text, or to a text per language; days are ISO dates; under
`lists` lie the option lists, each a sequence of (id, label) with one label or one per language.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from babel.dates import format_date

from bot.rounds import kept, legal, wording
from bot.rounds.lifecycle import LATEST, last_day
from bot.rounds.linked import bad_links
from bot.rounds.tongues import Text, in_language, ordered
from bot.texts import locale
from flows.phrasebook import AT_BINDING, AT_PLAY
from flows.words import placeholders
from storage.retention import MONTH

if TYPE_CHECKING:
    from datetime import tzinfo

    from bot.config import Config, Service
    from flows.model import Flow

Lists: TypeAlias = Mapping[str, Sequence[tuple[str, Text]]]

DAYS = ("decided_on", "feedback_on", "keep_until")
"""Fields that hold a day which comes after the last one to answer."""
DATES = (*DAYS, "pack_on")
"""Fields that hold a day."""
ORDER = ("topic", "decider", "decided_on", "open_points", "fixed_points", "influence", "task", "feedback_on")
"""In which order an organiser is asked; other fields follow."""
FORMAL = tuple(name for name in ORDER if name != "task")
"""What every consultation says before it opens, whether its texts speak of it or not (see `bot.rounds.legal`)."""
OPTIONAL = frozenset({"law", "privacy_url", "min_age", "keep_until", "hazard", "task", "decider"})
"""Fields the city's configuration or the phrases answer where the record is silent."""
GIVEN = frozenset(["city", "org", "service", "human_contact", "emergency_number", "closes_on", "round_url", "k"])
"""Placeholders no organiser needs to fill."""
LINKED = ("pack", "pack_options", "pack_costs", "pack_effects", "other_ways", "fixed_why")
"""Fields whose addresses of the web are shown as links."""
NAMES = frozenset({"decider", "contact_person", "min_age", "privacy_url"})
"""Texts that are much the same in every language."""
AUTOMATIC_LISTS = ("steps", "areas")
"""Lists the service's configuration brings."""
COUNTED = timedelta(days=15)
"""After the last day: by then the answers are counted (see `bot.rounds.findings.PAPER`), and may be forgotten."""
SOON = timedelta(days=2)
"""By then answers are gone that were given after the day a round without an end names, in every zone."""
OLDEST = 120
"""In years: nobody is asked whether they are older."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the texts of a flow are filled with."""

    values: Mapping[str, Text]
    lists: Lists


@dataclass(frozen=True, slots=True)
class Need:
    """One thing the record must say before a round opens; `kind` is text, date, list, choice or note.

    A text is read by people, in each language; a note is kept as it is written.
    """

    name: str
    kind: str
    meaning: str
    options: tuple[tuple[str, str], ...] = ()
    preset: str = ""
    group: str = ""
    """Of what is asked where there is a duty to consult: one of `legal.GROUPS`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a round cannot open yet; `field` is the one at fault, empty for the round as a whole.

    `short` is the message for a reader who sees beside it which field is meant.
    """

    field: str
    message: str
    short: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What a record is read with: a round being written, or one that exists."""

    code: str
    service: str
    title: str
    record: Mapping[str, Any]
    created_at: datetime
    closes_at: datetime | None = None
    opens_at: datetime | None = None
    now: datetime | None = None
    """When it is read, by whoever answers a round without an end."""


def load(text: str) -> dict[str, Any]:
    """Read a record from its JSON. Raises `Trouble` where it is none."""
    return kept.read(text, "record")


def dump(record: Mapping[str, Any]) -> str:
    """Write a record as JSON."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True)


def facts(sketch: Sketch, flow: Flow, config: Config, phrases: Mapping[str, Mapping[str, str]]) -> Facts:
    """Return everything the round's texts are filled with, in every language of the flow.

    `phrases` holds the sentences of each language.
    """
    service = config.service_of(sketch.service)
    values = {name: text for name, text in _defaults(sketch, flow, config, service, phrases).items() if text}
    values |= {name: text for name, text in sketch.record.items() if name != "lists" and text}
    for name in DATES:
        if name in values:
            values[name] = _days(values[name], flow)
    if "influence" in values:
        values["influence"] = _influence(sketch.record, flow, phrases)
    return Facts(ordered(values, service.languages), ordered(_lists(sketch.record, service), service.languages))


def _defaults(
    sketch: Sketch, flow: Flow, config: Config, service: Service, phrases: Mapping[str, Mapping[str, str]]
) -> dict[str, Text]:
    """What needs no organiser: the city, the service, the dates of the round, the promises of the configuration."""
    url = public_url(config)
    closes = last_day(sketch.closes_at, config.city.zone).isoformat() if sketch.closes_at else ""
    return {
        "city": config.city.name,
        "org": _every(config.city.org, flow),
        "service": service.in_sentence or service.name,
        "human_contact": config.city.human_contact,
        "contact_person": config.city.human_contact,
        "emergency_number": config.city.emergency_number,
        "min_age": str(config.privacy.minimum_age),
        "law": _every(config.privacy.law, flow),
        "privacy_url": config.privacy.url or f"{url}/privacy",
        "round_url": f"{url}/rounds/{sketch.code}",
        "closes_on": _days(closes, flow) if closes else "",
        "keep_until": _kept_until(sketch, config),
        "decider": _every(config.city.org, flow),
        "topic": (service.in_sentence or service.name) if flow.running else "",
        "influence": "ask" if flow.running else "",
        "task": {one: phrases[one].get("default_task", "") for one in flow.languages},
        "hazard": {one: phrases[one].get("default_hazard", "") for one in flow.languages},
    }


def _kept_until(sketch: Sketch, config: Config) -> str:
    """Return the day until which answers are kept where the record says none; without an end, those given now."""
    end = sketch.closes_at or sketch.now or sketch.created_at
    return (end + timedelta(days=config.privacy.answers_months * MONTH)).date().isoformat()


def kept_as_told(sketch: Sketch, config: Config) -> dict[str, str]:
    """Return the day until which people were told that answers are kept, for a record that must go on saying so.

    Empty for a round that has had no end.
    """
    told = str(sketch.record.get("keep_until") or (_kept_until(sketch, config) if sketch.closes_at else ""))
    return {"keep_until": told} if told else {}


def kept_now(sketch: Sketch, forget_at: datetime | None, config: Config) -> dict[str, str]:
    """Return the day until which answers given now are kept, for whoever begins a round that runs.

    They go with those of the others, whose day (`forget_at` is its end) may be near or past: then once they are counted
    after the last day, and in a round without an end soon after they were given (see `storage.retention`).
    """
    zone, day = config.city.zone, day_of(sketch.record.get("keep_until") or _kept_until(sketch, config))
    if day is None:
        return {}
    if forget_at is not None:
        day = min(day, (forget_at.astimezone(zone) - timedelta(days=1)).date())
    if sketch.closes_at is not None:
        day = max(day, last_day(sketch.closes_at, zone) + COUNTED)
    elif sketch.now is not None:
        day = max(day, (sketch.now + SOON).date())
    return {"keep_until": day.isoformat()}


def forgets_at(record: Mapping[str, Any], zone: tzinfo) -> datetime | None:
    """Return when the day ends until which a record says that answers are kept; None: it says none."""
    day = day_of(record.get("keep_until"))
    return None if day is None or day.year > LATEST else datetime.combine(day + timedelta(days=1), time(), zone)


def _every(texts: Mapping[str, str], flow: Flow) -> dict[str, str]:
    """Return a text for each language of the flow; the bare text of a configuration serves all."""
    fallback = texts.get("") or next(iter(texts.values()), "")
    return {language: texts.get(language) or fallback for language in flow.languages}


def _days(day: Text, flow: Flow) -> Text:
    """Write an ISO day out in each language; what is no day stays as it is, to be named as a fault."""
    if not isinstance(day, str) or day_of(day) is None:
        return day
    return {language: spoken_day(day, language) for language in flow.languages}


def day_of(text: object) -> date | None:
    """Return the day an ISO text names, or None."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None


def spoken_day(day: str | date | datetime, language: str) -> str:
    """Return a day in words: `30 November 2026`, `30 de noviembre de 2026`."""
    when = date.fromisoformat(day) if isinstance(day, str) else day
    return format_date(when, "long", locale=locale(language))


def _influence(record: Mapping[str, Any], flow: Flow, phrases: Mapping[str, Mapping[str, str]]) -> Text:
    """Return the sentence of the promise in each language, its own placeholders filled from the record."""
    promise = str(record.get("influence") or "ask")
    lines = {}
    for language in flow.languages:
        line = phrases[language].get(f"influence_{promise}", "")
        for name in placeholders(line):
            line = line.replace("{" + name + "}", in_language(record.get(name), language) or "{" + name + "}")
        lines[language] = line
    return lines


def titles(record: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a round's title by language, where the record has it in several; else nothing."""
    said = record.get("title")
    return {str(language): str(text) for language, text in said.items()} if isinstance(said, dict) else {}


def title(record: Mapping[str, Any], own: str, language: str) -> str:
    """Return a round's title in a language, where the record has it there; else its `own`, as it was first written."""
    written = record.get("title")
    return str((written.get(language) if isinstance(written, Mapping) else written) or own)


def _lists(record: Mapping[str, Any], service: Service) -> Lists:
    """Return the option lists: the service's steps and areas, and those of the record."""
    own = record.get("lists")
    written = {name: [(str(id_), label) for id_, label in rows] for name, rows in own.items()} if own else {}
    return {"steps": service.steps, "areas": service.areas, **written}


# --------------------------------------------------------------------------- what is needed, what is wrong


def wanted(flow: Flow) -> list[str]:
    """Return the names an organiser may fill for this flow, in the order to ask, lists last."""
    always = set() if flow.running else set(FORMAL)
    texts = always | set(flow.placeholders) - GIVEN - AT_PLAY - AT_BINDING - set(flow.lists)
    first = [name for name in ORDER if name in texts]
    return [*first, *sorted(texts - set(first)), *sorted(set(flow.lists) - set(AUTOMATIC_LISTS))]


def in_tongue(name: str, text: str, language: str, languages: Sequence[str]) -> Text:
    """Return a text of the record that was written in a language, as it is kept: by it, where a round speaks it.

    What is much the same in every language, or written in none of the round's, serves all.
    """
    return {language: text} if text and language in languages and name not in NAMES else text


def read_by_people(flow: Flow) -> list[str]:
    """Return the fields that citizens read as they are written: no days, choices, lists or notes for the file."""
    own = [name for name in wanted(flow) if name not in {*DATES, *flow.lists, "influence"}]
    return [*own, *(field.name for field in legal.asked(flow) if field.kind == "text")]


def needs(
    sketch: Sketch, flow: Flow, config: Config, phrases: Mapping[str, Mapping[str, str]], language: str
) -> list[Need]:
    """Return what the record must or may say, each with what the city's configuration proposes."""
    given = facts(sketch, flow, config, phrases).values
    own = [_need(name, flow, given.get(name, ""), language) for name in wanted(flow)]
    return [*own, *(_legal_need(field, given.get(field.name, ""), language) for field in legal.asked(flow))]


def _legal_need(field: legal.Field, preset: Text, language: str) -> Need:
    meaning = wording.meaning(language, field.name)
    options = tuple(wording.options(language, field.name)) if field.kind == "choice" else ()
    group = field.group if field.full else ""
    return Need(field.name, field.kind, meaning, options, in_language(preset, language), group)


def _need(name: str, flow: Flow, preset: Text, language: str) -> Need:
    meaning = wording.meaning(language, name)
    match name:
        case "influence":
            return Need(name, "choice", meaning, tuple(wording.influences(language)), "ask" if flow.running else "")
        case name if name in flow.lists:
            return Need(name, "list", meaning)
        case name if name in DAYS:
            return Need(name, "date", meaning)
        case _:
            return Need(name, "text", meaning, preset=in_language(preset, language))


def faults(
    sketch: Sketch, flow: Flow, config: Config, phrases: Mapping[str, Mapping[str, str]], language: str
) -> list[Fault]:
    """Return every field that is missing or cannot stand, in the order to ask, in words for the organiser."""
    given = facts(sketch, flow, config, phrases)
    names = [*wanted(flow), *(field.name for field in legal.wanted(flow, sketch.record))]
    found = [fault for name in names for fault in _faults_of(name, sketch.record, given, flow, language)]
    free = [one.name for one in legal.asked(flow) if one.at_will or one.name in LINKED]
    free = [name for name in free if name not in names]
    found += [wrong for name in free if (wrong := _unfit(name, sketch.record.get(name), language))]
    if flow.running and legal.asks_for_whom(sketch.record):
        found.append(_fault(legal.FOR_WHOM, language, "counts_at_once", name=legal.FOR_WHOM))
    if flow.running and sketch.closes_at is None and sketch.record.get("keep_until"):
        found.append(_fault("keep_until", language, "needs_an_end", name="keep_until"))
    early = {name: "kept_short" if name == "keep_until" else "too_early" for name in _too_early(sketch, config)}
    found += [_fault(name, language, key, name=name) for name, key in early.items()]
    if legal.consults(sketch.record) and not flow.running:
        found += [_fault("feedback_on", language, "told_too_soon", name="feedback_on")] * told_too_soon(sketch.record)
        found += [_fault("influence", language, "tell_consults")] * only_tells(sketch.record)
    if "influence" in given.values:
        sentence = in_language(given.values["influence"], flow.language)
        found += [_missing(name, flow, language) for name in sorted(placeholders(sentence))]
    return [*found, *_papers_late(sketch, config, language)]


def _faults_of(name: str, record: Mapping[str, Any], given: Facts, flow: Flow, language: str) -> list[Fault]:
    if name in flow.lists:
        return [] if len(given.lists.get(name, ())) > 1 else [_fault(name, language, "missing_list", name=name)]
    text = given.values.get(name)
    if not text:
        return [_missing(name, flow, language)]
    if wrong := _unfit(name, record.get(name), language):
        return [wrong]
    silent = [one for one in flow.languages if isinstance(text, Mapping) and not text.get(one)]
    if len(silent) < len(flow.languages):  # where one is missing another serves, and who signs is told which
        return []
    return [_fault(name, language, "no_language", name=name, language=one) for one in silent]


def unfit(record: Mapping[str, Any], language: str) -> list[Fault]:
    """Return the fields of a record that hold what can never stand, whatever else is said, in words for `language`."""
    found = (_unfit(name, value, language) for name, value in record.items())
    return [fault for fault in found if fault]


def _unfit(name: str, value: object, language: str) -> Fault | None:
    """Tell a day or an age that is none, and a promise that is none of the five; they are the same in all languages."""
    if not value:
        return None
    if name in DATES and (wrong := unfit_day(value)):
        return _fault(name, language, wrong, name=name, year=LATEST + 1)
    if name in LINKED and (bad := [link for text in _texts(value) for link in bad_links(text)]):
        return _fault(name, language, "bad_link", name=name, link=bad[0])
    if name == "influence" and value not in list(dict(wording.influences(language))):
        return _fault(name, language, "not_influence")
    if name == "min_age" and not _age(value):
        return _fault(name, language, "not_an_age", name=name)
    if name in legal.CHOICES and value not in legal.CHOICES[name]:
        return _fault(name, language, "not_a_choice", name=name, options=", ".join(legal.CHOICES[name]))
    return None


def unfit_day(value: object) -> str:
    """Return which fault a value has as a day of a record; empty: none."""
    day = day_of(value)
    return "not_a_date" if day is None else "too_far_day" if day.year > LATEST else ""


def _texts(value: object) -> list[str]:
    return [str(each) for each in (value.values() if isinstance(value, Mapping) else [value])]


def _age(value: object) -> bool:
    """Whether this is one age in years, in whatever languages: the question of the frame asks for it."""
    said = {each.strip() for each in _texts(value)}
    (years,) = said if len(said) == 1 else ("",)
    return years.isascii() and years.isdecimal() and len(years) <= 3 and int(years) <= OLDEST


def _too_early(sketch: Sketch, config: Config) -> list[str]:
    """Return the days of the record that lie before the last day to answer: a promise nobody can keep.

    Where people are only told of a decision it may have been made.
    """
    return [] if sketch.closes_at is None else too_early(sketch.record, last_day(sketch.closes_at, config.city.zone))


def too_early(record: Mapping[str, Any], last: date) -> list[str]:
    """Return the days of a record that lie before `last`, the last day to answer; answers are counted later still."""
    days = [(name, day_of(record.get(name)), COUNTED if name == "keep_until" else timedelta()) for name in DAYS]
    told = {"decided_on"} if only_tells(record) else set()
    return [name for name, day, after in days if day is not None and day < last + after and name not in told]


def only_tells(record: Mapping[str, Any]) -> bool:
    """Whether a record promises nothing but news: there is nothing to decide any more."""
    return record.get("influence") == "tell"


def told_too_soon(record: Mapping[str, Any]) -> bool:
    """Whether the result is promised for a day before the decision: nobody could say yet what comes of it."""
    decided, told = day_of(record.get("decided_on")), day_of(record.get("feedback_on"))
    return decided is not None and told is not None and told < decided


def _papers_late(sketch: Sketch, config: Config, language: str) -> list[Fault]:
    """Papers that come after the first day give nobody the time to read them."""
    on, opens = day_of(sketch.record.get("pack_on")), sketch.opens_at
    late = on and opens and legal.consults(sketch.record) and on > opens.astimezone(config.city.zone).date()
    return [_fault("pack_on", language, "papers_late", name="pack_on")] if late else []


def _missing(name: str, flow: Flow, language: str) -> Fault:
    if name == "duty":  # what else is needed hangs on it: all of it is named at once
        more = [field.name for field in legal.by_duty(flow)]
        meanings = "; ".join(wording.meaning(language, each) for each in more)
        named = {"meaning": wording.meaning(language, name), "fields": ", ".join(more), "meanings": meanings}
        return _fault(name, language, "missing_duty", name=name, **named)
    return _fault(name, language, "missing", name=name, meaning=wording.meaning(language, name))


def _fault(field: str, reader: str, key: str, **values: object) -> Fault:
    return Fault(field, wording.fault(reader, key, **values), wording.short(reader, key, **values))


def public_url(config: Config) -> str:
    """Return the address people type, without a slash at the end."""
    return (config.web.public_url or f"http://{config.web.host}:{config.web.port}").rstrip("/")
