"""A digest as a workbook: its figures as numbers, a sheet for each kind, and one that says what every column means.

It holds what the digest holds: what may not be shown is not in there, and its cell is empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC
from io import BytesIO
from itertools import chain
from typing import TYPE_CHECKING, Final, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from bot.assessing.gap import field_line, top_line
from bot.assessing.words import words as assessing
from bot.digests.deeds import Stand
from bot.digests.model import FIELDS_OF_A_RECORD, Foot
from bot.digests.render import items
from bot.digests.render.told import asked, bounds, page, short_share, since_first
from bot.digests.render.words import words
from bot.reading.spans import worded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

    from bot.assessing.gap import Gap
    from bot.digests.disclosure import Share
    from bot.digests.model import Change, Digest, Score
    from bot.digests.results import Result
    from bot.texts import Texts

Value: TypeAlias = "str | int | float | date | None"
FORMATS = {"percent": "0%", "points": "+0;-0;0", "day": "yyyy-mm-dd"}
"""How numbers of a unit are shown."""
WIDTHS = {"text": 28, "day": 14}
"""Characters a column of a unit is wide; others are as wide as their heading, and no less than `NARROW`."""
NARROW, LONG, MOST = 12, 60, 31
"""Characters of a narrow column and of one with sentences, and of the longest name Excel takes for a sheet."""
SENTENCES = frozenset({"question", "text", "meaning", "rule", "value", "quote", "action", "outcome", "proposal"})
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What no workbook may hold (XML 1.0, 2.2)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it counts, of whom, and by which rule."""

    name: str
    unit: str = "text"
    base: str = "none"
    rule: str = "exact"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet with its rows."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


SHARES = (
    Column("answers", "people", "answers", "cell"),
    Column("part", "people", "answers", "share"),
    Column("share", "percent", "answers", "share"),
    Column("low", "percent", "answers", "chance"),
    Column("high", "percent", "answers", "chance"),
    Column("band", rule="band"),
    Column("edge", "percent", "answers", "band"),
)
CHANGES = (
    Column("negative", "percent", "answers", "share"),
    Column("unknown", "people", "people", "cell"),
    Column("before", "percent", "four", "share"),
    Column("change", "points", "answers", "change"),
    Column("change_low", "points", "answers", "change"),
    Column("change_high", "points", "answers", "change"),
    Column("real", rule="change"),
    Column("median", "percent", "answers", "median"),
    Column("run", "number", rule="median"),
)
ALIKE = (Column("alike_answers", "people", "answers", "cell"), Column("alike_part", "people", "answers", "share"))
SCORES = (Column("stage"), Column("question"), *SHARES, *CHANGES, *ALIKE, Column("asked_since", "week"))
WEEKS = (Column("stage"), Column("week", "week"), *SHARES, Column("reworded"))
DEADLINES = (
    Column("event"),
    Column("round"),
    Column("day", "day"),
    Column("days", "days"),
    Column("record", "number"),
    Column("record_of", "number"),
)
CHANNELS = (
    Column("channel"),
    Column("new", "people", "people", "cell"),
    Column("total", "people", "everybody", "running"),
    Column("as_of", "week"),
)
WANTED = (
    Column("round"),
    Column("question"),
    Column("way"),
    Column("answers", "people", "answers", "cell"),
    Column("place", "number", rule="score"),
    Column("option"),
    Column("score", "score", "answers", "score"),
    Column("low", "score", "answers", "chance"),
    Column("high", "score", "answers", "chance"),
    Column("first", "percent", "answers", "score"),
    Column("middle", "percent", "answers", "score"),
    Column("nothing", "percent", "answers", "score"),
    Column("shown", "number", "cards"),
)
VOICES = (Column("day", "day"), Column("stage"), Column("tone", rule="cell"), Column("text", rule="quote"))
THEMES = (
    Column("kind"),
    Column("theme"),
    Column("people", "people", "people", "cell"),
    Column("at_least", "people", "people", "cell"),
    Column("organised", "people", "people", "cell"),
    Column("people_before", "people", "last", "cell"),
    Column("of_writers", "percent", "writers", "share"),
    Column("low", "percent", "writers", "chance"),
    Column("high", "percent", "writers", "chance"),
    Column("before", "percent", "wrote_four", "share"),
    Column("change", "points", "writers", "change"),
    Column("change_low", "points", "writers", "change"),
    Column("change_high", "points", "writers", "change"),
    Column("real", rule="change"),
    Column("step", rule="cell"),
    Column("area", rule="cell"),
    Column("quote", rule="quote"),
)
GROUPS = (Column("group"), Column("ratio", "number", "residents", "ratio"))
RESIDENTS = (
    Column("group"),
    Column("group_answered", "percent", "everybody", "ratio"),
    Column("living", "percent", "residents"),
)
GAP = (
    Column("stage"),
    Column("expected", "percent"),
    Column("share", "percent", "expected", "share"),
    Column("answers", "people", "expected", "cell"),
    Column("gap", "points", "expected"),
    Column("gap_low", "points", "expected", "chance"),
    Column("gap_high", "points", "expected", "chance"),
    Column("verdict"),
    Column("counted_since", "week"),
)
DEEDS = (
    Column("stand"),
    Column("action"),
    Column("owner"),
    Column("due", "day"),
    Column("late", "days"),
    Column("outcome"),
)
PROPOSALS = (Column("proposal"),)
CODEBOOK = tuple(map(Column, ("sheet", "column", "meaning", "unit", "base", "rule")))


def xlsx(digest: Digest, language: str) -> bytes:
    """Return the workbook in a language; its sheets run from the right where the language does.

    It stands by itself: nothing in it leans on the digest before.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - a third of a second of import

    said, digest = words(language), replace(digest, again=())
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = page(digest, said, 0).subject
    book.properties.language = said.language
    book.properties.created = digest.at.astimezone(UTC).replace(tzinfo=None)
    sheets = sheets_of(digest, said)
    for sheet in (*sheets, _codebook(sheets, digest, said)):
        _write(book, sheet, said)
    out = BytesIO()
    book.save(out)
    return _timeless(out.getvalue(), digest)


def _timeless(book: bytes, digest: Digest) -> bytes:
    """Return a workbook without the moment it was written at: the same digest is the same file."""
    out, stamp = BytesIO(), f"{digest.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}".encode()
    with ZipFile(BytesIO(book)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for each in old.infolist():
            part = _MODIFIED.sub(rb"\g<1>" + stamp, old.read(each))
            new.writestr(ZipInfo(each.filename), part, ZIP_DEFLATED)
    return out.getvalue()


_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def sheets_of(digest: Digest, said: Texts) -> tuple[Sheet, ...]:
    """Return the sheets that have rows, the overview first."""
    made = [
        Sheet("overview", (Column("fact"), Column("value", "number")), tuple(_facts(digest, said))),
        Sheet("deadlines", DEADLINES, tuple(_deadlines(digest, said))),
        Sheet("scores", SCORES, tuple(_scored(score, digest, said) for score in digest.scores)),
        Sheet("weeks", WEEKS, tuple(chain.from_iterable(_weeks(score, said) for score in digest.scores))),
        Sheet("channels", CHANNELS, tuple(_channels(digest, said))),
        Sheet("groups", GROUPS, tuple((said.pick(each.group), each.ratio or None) for each in digest.who.missing)),
        Sheet("residents", RESIDENTS, tuple(_residents(digest, said))),
        Sheet("themes", THEMES, tuple(_themes(digest, said))),
        Sheet("wanted", WANTED, tuple(chain.from_iterable(_wanted(each, said) for each in digest.results))),
        Sheet("gap", GAP, tuple(_gap(digest, said))),
        Sheet("deeds", DEEDS, tuple(_deeds(digest, said))),
        Sheet("proposals", PROPOSALS, tuple((line,) for line in items.proposals(digest, said))),
        Sheet("voices", VOICES, tuple(_voices(digest, said))),
    ]
    return tuple(sheet for sheet in made if sheet.rows)


# --------------------------------------------------------------------------- what stands in them


def _service(digest: Digest, said: Texts) -> str:
    return said.pick(digest.name, digest.service)


def _facts(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    finished, beside, foot = digest.who.finished, digest.who.apart, digest.foot or Foot()
    facts: dict[str, Value] = {
        "service": _service(digest, said),
        "state": said(f"digest.state.{digest.state}"),
        "reasons": len(digest.alerts) + digest.more_alerts,
        "headline": items.headline(digest, said),
        "city": digest.area,
        "week": digest.period,
        "since": digest.since,
        "until": digest.until,
        "at": f"{digest.at.astimezone(UTC):%Y-%m-%d %H:%M}",
        "minimum": digest.minimum,
        "new": digest.who.new,
        "total": digest.who.total,
        "organisations": beside.organisations,
        "groups": beside.groups,
        "late": 0 if beside.late == 0 else said.about(beside.late, digest.minimum),
        "campaigns": foot.campaigns,
        "senders": foot.senders,
        "burst": items.burst(foot.burst, said) if foot.burst else None,
        "finished": _or_band(finished, said) if finished else None,
        "urgent": digest.urgent,
        "hidden": digest.hidden,
        "kept_too_long": digest.kept_too_long,
        "so_far": _yes(digest.so_far, said),
        **(_of_gap(digest.gap, said) if digest.gap else {}),
    }
    yield from ((said(f"fact.{name}"), value) for name, value in facts.items() if value is not None)


def _or_band(share: Share, said: Texts) -> Value:
    """Return a share as a number, or its band in words: `over 80%`."""
    return short_share(share, said) if share.band else _part(share.percent)


def _of_gap(gap: Gap, said: Texts) -> dict[str, Value]:
    told = assessing(said.language)
    return {
        "calibration": gap.calibration,
        "calibration_before": gap.before,
        "practice": " ".join(field_line(each, told) for each in gap.fields) or None,
        "top": top_line(gap, told) or None,
    }


def _yes(whether: bool | None, said: Texts) -> Value:  # noqa: FBT001 - what is to be written
    return None if whether is None else said("word.yes" if whether else "word.no")


def _deadlines(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    for clock in digest.clock:
        record = (None, None) if clock.written is None else (clock.written, FIELDS_OF_A_RECORD)
        yield said(f"event.{clock.tick}"), said.pick(clock.name), clock.on, clock.days, *record


def _changed(change: Change | None, said: Texts) -> tuple[Value, ...]:
    """Return the share before, the change, its range, and whether it is more than chance."""
    if change is None:
        return (None,) * 5
    return _part(change.before.percent), change.points, change.low, change.high, _yes(change.real, said)


def _scored(score: Score, digest: Digest, said: Texts) -> tuple[Value, ...]:
    negative = _part(score.negative.percent) if any(score.bad.values()) else None
    return (
        said(f"stage.{score.stage}"),
        asked(score, digest, said) or None,
        *_share(score.positive, said),
        negative,
        score.unknown,
        *_changed(score.change, said),
        *_run(score),
        score.alike.base,
        score.alike.part,
        score.reworded or None,
    )


def _run(score: Score) -> tuple[Value, ...]:
    return (None, None) if score.median is None else (score.median / 100, score.side)


def _weeks(score: Score, said: Texts) -> Iterator[tuple[Value, ...]]:
    for point in since_first(score.weeks):
        otherwise = _yes(point.week < score.reworded, said)
        yield said(f"stage.{score.stage}"), point.week, *_share(point.share, said), otherwise


def _share(share: Share, said: Texts) -> tuple[Value, ...]:
    low, high = bounds(share) if share.exact else (None, None)
    band = (said(f"word.{share.band}"), share.edge / 100) if share.band else (None, None)
    return share.base, share.part, _part(share.percent), _part(low), _part(high), *band


def _part(percent: int | None) -> float | None:
    """Return percent as a part of one: spreadsheets show it as percent and reckon with it rightly."""
    return None if percent is None else percent / 100


def _channels(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    for channel in digest.who.channels:
        key = f"channel.{channel.name}"
        name = said(key) if said.has(key) else channel.name
        yield name, channel.new, channel.total.count, channel.total.period


def _wanted(result: Result, said: Texts) -> Iterator[tuple[Value, ...]]:
    asked = (said.pick(result.title), said.pick(result.question), said(f"way.{result.kind}"), result.base)
    for each in result.standings:
        better = sum(other.score is not None and other.score > (each.score or 0) for other in result.standings)
        place = None if each.score is None else better + 1
        beside = (_part(each.first), _part(each.median), _part(each.nothing), each.shown)
        yield *asked, place, said.pick(each.label), each.score, each.low, each.high, *beside


def _themes(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    told = [*(("problem", each) for each in digest.problems), *([("works", digest.works)] if digest.works else [])]
    for kind, each in told:
        words_of = worded(each.quote.text, said) if each.quote else None
        name, step = said.pick(each.name, each.key), said.pick(each.step) or None
        where = (step, said.pick(each.area) or None)
        people = (None, each.people) if each.at_least else (each.people, None)
        low, high = bounds(each.share) if each.share.exact else (None, None)
        shares = (_part(each.share.percent), _part(low), _part(high), *_changed(each.change, said))
        yield said(f"word.{kind}"), name, *people, each.organised or None, each.before, *shares, *where, words_of


def _residents(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    for each in digest.who.groups:
        yield said.pick(each.group), _part(each.answered), _part(each.residents)


def _gap(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    for each in digest.gap.foretold if digest.gap else ():
        seen = (_part(each.predicted), _part(each.percent), each.base, each.points, each.low, each.high)
        yield said(f"stage.{each.stage}"), *seen, said(f"word.{each.verdict}"), each.since or None


def _deeds(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    for each in digest.deeds.lines if digest.deeds else ():
        late = each.days if each.stand is Stand.LATE else None
        yield said(f"stand.{each.stand}"), each.words, each.owner or None, each.due_on, late, each.outcome or None


def _voices(digest: Digest, said: Texts) -> Iterator[tuple[Value, ...]]:
    for voice in digest.voices.quotes:
        tone = said(f"digest.voices.{voice.tone}") if voice.tone else None
        yield voice.on, said(f"stage.{voice.stage}"), tone, worded(voice.text, said)


def _codebook(sheets: Sequence[Sheet], digest: Digest, said: Texts) -> Sheet:
    described = ((sheet, column) for sheet in sheets for column in sheet.columns)
    rows = tuple(_described(sheet, column, digest, said) for sheet, column in described)
    return Sheet("codebook", CODEBOOK, rows)


def _described(sheet: Sheet, column: Column, digest: Digest, said: Texts) -> tuple[Value, ...]:
    return (
        said(f"sheet.{sheet.name}"),
        said(f"column.{column.name}"),
        said(f"meaning.{column.name}"),
        said(f"unit.{column.unit}"),
        said(f"base.{column.base}"),
        said(f"rule.{column.rule}", minimum=digest.minimum),
    )


# --------------------------------------------------------------------------- how they are written


def _write(book: Workbook, sheet: Sheet, said: Texts) -> None:
    page: Worksheet = book.create_sheet(said(f"sheet.{sheet.name}")[:MOST])
    page.freeze_panes = "A2"
    page.sheet_view.rightToLeft = said.direction == "rtl"
    page.print_title_rows = "1:1"
    page.page_setup.orientation = "landscape"
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    _head(page, sheet.columns, said)
    for number, row in enumerate(sheet.rows, 2):
        for place, (column, value) in enumerate(zip(sheet.columns, row, strict=True), 1):
            _fill(page.cell(number, place), column, value)
    page.auto_filter.ref = page.dimensions


def _head(page: Worksheet, columns: Iterable[Column], said: Texts) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415 - with the rest of it

    for place, column in enumerate(columns, 1):
        cell = page.cell(1, place, said(f"column.{column.name}"))
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="FBE6D6")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        page.column_dimensions[cell.column_letter].width = _width(column, str(cell.value))


def _width(column: Column, heading: str) -> float:
    return LONG if column.name in SENTENCES else max(WIDTHS.get(column.unit, NARROW), len(heading) + 4)


def _fill(cell: Cell, column: Column, value: Value) -> None:
    from openpyxl.styles import Alignment  # noqa: PLC0415 - with the rest of it

    cell.alignment = Alignment(vertical="top", wrap_text=column.name in SENTENCES)
    if isinstance(value, str):
        cell.value = _CONTROL.sub(" ", value)
        cell.data_type = "s"  # whatever it begins with, it is no formula
        return
    cell.value = value
    cell.number_format = FORMATS.get("day" if hasattr(value, "isoformat") else column.unit, "General")
