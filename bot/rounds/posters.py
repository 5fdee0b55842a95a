"""What a round's poster says: in each of its languages what it is about, until when, and every way in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.pictures.poster import Sheet, pdf, printable
from bot.rounds import wording
from bot.rounds.lifecycle import BEGINNING, RUNNING, last_day
from bot.rounds.links import modules
from bot.rounds.record import spoken_day, title
from bot.texts import texts

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.channels.web.backstage import Rounds, RoundView
    from bot.config import Config
    from bot.texts import Texts


MOST: Final = 12
"""Letters named, of those that cannot be printed."""


def poster(rounds: Rounds, config: Config, code: str, now: datetime, place: str = "") -> bytes:
    """Return the poster of a round as PDF; with `place`, a code or a name, it leads there and counts there.

    Raises `Refused` where there is no such place, the round is over (until it opens, the poster says when), or what is
    written holds letters that cannot be printed.
    """
    found, _ = rounds.leads_to(code)
    if found is None:
        raise wording.Forbidden("no_round", code=code)
    if found.state not in {*BEGINNING, *RUNNING}:
        raise wording.Forbidden("no_poster")
    where = _place(rounds, found.code, place) if place else found.code
    address = rounds.short_url(where)
    return pdf(_sheets(rounds, config, found), modules(address), address.partition("://")[2], where, now)


def _place(rounds: Rounds, code: str, wanted: str) -> str:
    """Return the code of a place of a round, by its code or its name."""
    known = rounds.places(code)
    said = " ".join(wanted.split())
    chosen = next((each.code for each in known if said.casefold() in {each.code, each.name.casefold()}), None)
    if chosen is None:
        raise wording.Forbidden("no_place", place=said, code=code, known=", ".join(each.name for each in known))
    return chosen


def _sheets(rounds: Rounds, config: Config, found: RoundView) -> list[Sheet]:
    """Return a page for each language the round is asked in."""
    flow = rounds.played(found.code)
    sheets = [_sheet(found, config, rounds.facts(found.code, one), flow.takes, texts(one)) for one in flow.languages]
    return [_printable(each) for each in sheets]


def _printable(sheet: Sheet) -> Sheet:
    """Return a page without what has no picture in our letters. Raises `Refused` for letters: words would vanish."""
    (org, title_, other), about = map(printable, (sheet.org, sheet.title, sheet.other)), map(printable, sheet.about)
    lines = [org, title_, other, *about]
    if lacks := "".join(letters for _, letters in lines):
        raise wording.Forbidden("no_letters", letters=" ".join(dict.fromkeys(lacks[:MOST])))
    return replace(sheet, org=org[0], title=title_[0], other=other[0], about=tuple(text for text, _ in lines[3:]))


def _sheet(found: RoundView, config: Config, facts: Mapping[str, str], minutes: int, said: Texts) -> Sheet:
    about = [said("poster.about", topic=facts["topic"].rstrip(" ."))] if facts.get("topic") else []
    contact = facts.get("other_ways") or facts.get("contact_person") or config.city.human_contact
    org = config.city.speaker(said.language)
    return Sheet(
        language=said.language,
        rtl=said.direction == "rtl",
        org=org[:1].upper() + org[1:],
        title=title(found.record, found.title, said.language),
        tell=said("poster.tell"),
        about=(*about, _time(found, config, said), said.many("poster.minutes", minutes)),
        scan=said("poster.scan"),
        type=said("poster.type"),
        another=said("poster.another"),
        other=contact if facts.get("other_ways") else said("poster.other", contact=contact),
        machine=said("poster.machine"),
    )


def _time(found: RoundView, config: Config, said: Texts) -> str:
    """Return until when one can answer; before the round opens, also from when."""
    zone = config.city.zone
    opens = spoken_day(found.opens_at.astimezone(zone), said.language) if found.opens_at else ""
    closes = spoken_day(last_day(found.closes_at, zone), said.language) if found.closes_at else ""
    begins = opens if found.state in BEGINNING else ""
    if begins and closes:
        return said("poster.from_to", opens=begins, closes=closes)
    if closes:
        return said("poster.until", closes=closes)
    return said("poster.from", opens=begins) if begins else said("poster.always")
