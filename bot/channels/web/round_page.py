"""The public page of a round: before, during and after, on the site and as a folder that outlives it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from bot.channels.web.findings import book, weights
from bot.channels.web.pages import HOME, environment
from bot.digests.render import open_data
from bot.rounds import outcome, papers
from bot.rounds.lifecycle import ANNOUNCED, ANSWERED, OVER, State, closed_on, first_at
from bot.rounds.linked import parts
from bot.rounds.record import day_of, public_url, spoken_day, title
from bot.rounds.report_back import public_reason
from bot.rounds.tongues import in_language, ordered, spoken_in
from bot.texts import own_name, texts

if TYPE_CHECKING:
    from datetime import datetime

    from bot.channels.web.backstage import Rounds, RoundView
    from bot.channels.web.words import Dictionary, Words
    from bot.config import Config
    from bot.digests.findings import Findings
    from bot.rounds.report_back import Reason
    from bot.rounds.tongues import Text

TOLD = ("fixed_why", "pack", "pack_options", "pack_costs", "pack_effects", "other_ways", "contact_person")
"""What of the record of a consultation everybody may read."""
AIMS = ("topic", "decider", "open_points", "fixed_points")
"""What each round says of what it is for."""
TAKING = frozenset({State.SCHEDULED, State.OPEN})
"""States in which people are told all the ways to take part."""
PUBLISHED = frozenset({State.REPORTED_BACK, State.ARCHIVED})
"""States in which everybody may read what was decided."""


SHOWN = frozenset({State.SCHEDULED, State.OPEN, State.PAUSED, *OVER})
"""States in which a round has a public page; a draft is nobody's business yet."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the page says of a round under a head; the note stands below, `language` is that of the text where known."""

    head: str
    text: str
    note: str = ""
    language: str = ""


@dataclass(frozen=True)
class RoundPage:
    """Says of a round what everybody may know, at the moment `now`. Synchronous."""

    rounds: Rounds
    config: Config
    dictionary: Dictionary
    now: datetime

    def facts(self, round_: RoundView, language: str) -> dict[str, Any]:
        """Return what the page shows in a language."""
        round_ = self._ordered(round_)
        words, zone, findings = self.dictionary.words(language), self.config.city.zone, self._findings(round_)
        return {
            "round": round_,
            "title": title_of(round_, language),
            "headline": self._headline(round_, language),
            "service": service_name(self.config, round_, language),
            "facts": self.rounds.facts(round_.code, language),
            "aims": {name: self._said(name, round_, language) for name in AIMS},
            "opens": self._first_day(round_, words),
            "closes": self._last_day(round_, words),
            "minutes": self.rounds.played(round_.code).takes,
            "telegram": self.rounds.deep_link(round_.code),
            "report": self._published(round_, language),
            "answered": round_.state in ANSWERED,
            "over": round_.state in OVER,
            "late": self._late(round_),
            "given_up": self.given_up(round_, language),
            "decided": self._decided(round_, language),
            "legal": self._legal(round_, language),
            "documents": papers.of(round_.record),
            "parts": parts,
            "book": book(findings, words, texts(language), zone) if findings else None,
            "licence": self.config.city.data_licence,
            "root": "",
        }

    def _ordered(self, round_: RoundView) -> RoundView:
        """Return a round with its texts in the order of its service's languages."""
        spoken = self.config.service_of(round_.service).languages
        texts_ = {"record": ordered(round_.record, spoken), "report": ordered(round_.report, spoken)}
        turned: RoundView = replace(cast("Any", round_), **texts_, outcome=outcome.ordered(round_.outcome, spoken))
        return turned

    def _headline(self, round_: RoundView, language: str) -> Fact:
        """Return the title, with a note where the round has none in the reader's language."""
        written, own = round_.record.get("title"), self.rounds.played(round_.code).language
        there = isinstance(written, Mapping) and written.get(language)
        spoken = language if there else own
        note = "" if spoken == language else self._only_in(spoken, language)
        return Fact("", title_of(round_, language), note, spoken)

    def _published(self, round_: RoundView, language: str) -> Fact | None:
        """Return the report, with a note where it is in another language; None before it is published."""
        if not round_.report:
            return None
        spoken = spoken_in(round_.report, language, language)
        note = "" if spoken == language else self._only_in(spoken, language)
        return Fact("", in_language(round_.report, language), note, spoken)

    def _first_day(self, round_: RoundView, words: Words) -> str:
        """Return the first day to answer: the one that was said, or on which the round opened after it."""
        first = first_at(round_.opens_at, round_.opened_at)
        return words.day(first, self.config.city.zone) if first else ""

    def _last_day(self, round_: RoundView, words: Words) -> str:
        """Return the last day to answer: the one that was said, or on which the round was closed before it."""
        day = closed_on(round_.closes_at, round_.closed_at, self.config.city.zone)
        return words.day_of(day) if day else ""

    def _findings(self, round_: RoundView) -> Findings | None:
        return self.rounds.findings(round_.code) if round_.state in OVER else None

    def _late(self, round_: RoundView) -> bool:
        """Whether the day for which the result was promised is over."""
        promised = day_of(round_.record.get("feedback_on"))
        return promised is not None and promised < self.now.astimezone(self.config.city.zone).date()

    def given_up(self, round_: RoundView, language: str) -> Fact | None:
        """Return why a round was given up; None where it was not, or the reason was for the log alone."""
        why = why_given_up(self.rounds, round_)
        if why is None:
            return None
        why = why.to(language)
        note = "" if why.language == language else self._only_in(why.language, language)
        return Fact("", why.text, note, why.language)

    def _only_in(self, spoken: str, language: str) -> str:
        """Return that a text is in another language than the reader's."""
        return self.dictionary.words(language)("round.only_in", language=own_name(spoken))

    def _decided(self, round_: RoundView, language: str) -> tuple[str, str]:
        """Return whether the decision is planned, is late or was made, and for which day, or on which."""
        made, planned = round_.outcome.decision, day_of(round_.record.get("decided_on"))
        if made is not None and (on := day_of(made.on)) is not None:
            return "decided", spoken_day(on, language)
        if round_.state == State.CANCELLED or planned is None:
            return "decided_on", ""
        late = planned < self.now.astimezone(self.config.city.zone).date()
        return "decided_late" if late else "decided_on", spoken_day(planned, language)

    def _legal(self, round_: RoundView, language: str) -> list[Fact]:
        """Return what the record says that everybody may read, with its heads; once published, the decision too."""
        words = self.dictionary.words(language)
        told = [name for name in TOLD if name != "other_ways" or round_.state in TAKING]
        said = [replace(self._said(name, round_, language), head=words(f"round.{name}")) for name in told]
        made = round_.outcome.decision if round_.state in PUBLISHED else None
        if made is None:
            return said
        own = self.rounds.played(round_.code).language
        parts = (("decision", made.text), ("reasons", made.reasons), ("not_chosen", made.not_chosen))
        return [*said, *(self._decision(name, text, language, own) for name, text in parts)]

    def _said(self, name: str, round_: RoundView, language: str) -> Fact:
        """Return what the record says, with a note where it is in another language alone; a bare text is in any."""
        text = round_.record.get(name)
        if not isinstance(text, Mapping):
            return Fact("", in_language(text, language))
        spoken = spoken_in(text, language, "")
        note = "" if spoken in {"", language} else self._only_in(spoken, language)
        return Fact("", in_language(text, language), note, spoken)

    def _decision(self, name: str, text: Text, language: str, own: str) -> Fact:
        """Return a part of the decision, with a note where it is not there in the reader's language."""
        words, spoken = self.dictionary.words(language), spoken_in(text, language, own)
        note = "" if spoken == language else self._only_in(spoken, language)
        return Fact(words(f"round.{name}"), in_language(text, language), note, spoken)

    # ----------------------------------------------------------------- open data

    def figures(self, round_: RoundView, language: str) -> str | None:
        """Return what people said as CSV; None while it has not been counted."""
        found = self._findings(round_)
        return open_data.figures(round_.code, found, texts(language)) if found else None

    def codebook(self, round_: RoundView) -> str | None:
        """Return what the figures mean as CSV, in every language of the round; None while they are not counted."""
        found = self._findings(round_)
        if found is None:
            return None
        languages = self.rounds.played(round_.code).languages
        return open_data.codebook(round_.code, found, {one: self._whole(round_, found, one) for one in languages})

    def _whole(self, round_: RoundView, found: Findings, language: str) -> dict[str, str]:
        """Return what is to be known of the round as a whole, for its codebook."""
        words = self.dictionary.words(language)
        known = {
            "title": title_of(round_, language),
            "asked_by": self.config.city.speaker(language),
            "service": service_name(self.config, round_, language),
            "opens": self._first_day(round_, words),
            "closes": self._last_day(round_, words),
            "caveat": words("findings.caveat"),
            "weights": weights(found, words),
            "licence": self.config.city.data_licence,
            "page": f"{public_url(self.config)}/rounds/{round_.code}",
        }
        return {name: text for name, text in known.items() if text}

    # ----------------------------------------------------------------- a folder that outlives the bot

    def kept(self, round_: RoundView) -> dict[str, bytes]:
        """Return the page in every language of the round with its figures, as files that need no server, by name."""
        offered = self.config.city.languages
        languages = [one for one in self.rounds.played(round_.code).languages if one in offered] or [offered[0]]
        names = {one: "index.html" if one == languages[0] else f"{one}.html" for one in languages}
        files = {names[one]: self._page(round_, one, names).encode() for one in languages}
        for name, body in (
            ("figures.csv", self.figures(round_, languages[0])),
            ("codebook.csv", self.codebook(round_)),
        ):
            if body is not None:
                files[name] = body.encode("utf-8-sig")
        for document in papers.of(round_.record):
            if (paper := self.rounds.paper(document.sha256)) is not None:
                files[f"documents/{document.name}"] = paper
        return files | {name: (HOME / "static" / name).read_bytes() for name in ("civicloop.css", "icon.svg")}

    def _page(self, round_: RoundView, language: str, names: Mapping[str, str]) -> str:
        words, city = self.dictionary.words(language), self.config.city
        known = {
            **self.facts(round_, language),
            "t": words,
            "layout": "still.html",
            "root": public_url(self.config),
            "languages": [(names[one], one, own_name(one)) for one in names],
            "chosen": language,
            "city": city.name,
            "org": city.speaker(language),
            "human": city.human_contact,
            "day": words.day(self.now, city.zone),
        }
        return environment().get_template("round.html").render(known)


def zipped(folder: str, files: Mapping[str, bytes]) -> bytes:
    """Return files as one archive with them in a folder; the same files give the same archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}"), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def why_given_up(rounds: Rounds, round_: RoundView) -> Reason | None:
    """Return why a round was given up; None where it was not, or the reason was for the log alone."""
    if round_.state != State.CANCELLED:
        return None
    return public_reason(rounds.log(round_.code), rounds.played(round_.code).language)


def is_public(rounds: Rounds, round_: RoundView) -> bool:
    """Whether everybody may see a round."""
    if round_.state == State.CANCELLED:
        return any(entry.what in ANNOUNCED for entry in rounds.log(round_.code))
    return round_.state in SHOWN


def is_put_off(rounds: Rounds, round_: RoundView) -> bool:
    """Whether everybody could see a round that is a draft again: what is printed leads to it, its facts change."""
    back = round_.state in {State.DRAFT, State.CHECKED}
    return back and any(entry.what in ANNOUNCED for entry in rounds.log(round_.code))


def as_seen(rounds: Rounds, round_: RoundView) -> RoundView:
    """Return a round as everybody sees it: it rests while its questions are not those that were signed."""
    if round_.state != State.OPEN or rounds.asks(round_.code):
        return round_
    resting: RoundView = replace(cast("Any", round_), state=State.PAUSED)
    return resting


# --------------------------------------------------------------------------- facts in a language


def title_of(round_: RoundView, language: str) -> str:
    """Return the round's title in `language` where the record has it, else as the organiser wrote it."""
    return title(round_.record, round_.title, language)


def service_name(config: Config, round_: RoundView, language: str) -> str:
    """Return what people call the service of a round."""
    known = {service.key: service for service in config.services}
    return known[round_.service].label(language) if round_.service in known else round_.service
