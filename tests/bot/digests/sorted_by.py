"""What the program's own sorter makes of the real weeks, after what a manager corrected in the first two."""

from __future__ import annotations

import csv
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from bot import config as configuration
from bot.themes.starter import codes
from bot.themes.sweeping import Themes
from storage import answers, migrate, themes
from storage.database import Database
from storage.tables import answers as kept
from storage.tables import text_themes
from storage.tables import themes as codebook
from tests.journeys.data import FILE, feedback
from tests.storage.makers import add_round, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

SERVICE = "library"
THEMES = FILE.with_name("nhs_themes.csv")
CORRECTED = FILE.with_name("nhs_corrections.csv")


class Said(NamedTuple):
    """What the manager said of a text: it is about the theme, or it is not."""

    respondent: str
    theme: str
    fits: bool


def names() -> Mapping[str, Mapping[str, str]]:
    """Return the names of the starter codes by language."""
    return {code.key: code.names for code in codes(("en", "es"))}


def corrections() -> list[Said]:
    """Return what the manager said."""
    with CORRECTED.open(encoding="utf-8", newline="") as lines:
        return [Said(row["respondent"], row["theme"], row["fits"] == "yes") for row in csv.DictReader(lines)]


def about() -> dict[str, list[str]]:
    """Return the themes of each text that has any, as they were written down, by respondent."""
    found: dict[str, list[str]] = {}
    with THEMES.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["respondent"], []).append(row["theme"])
    return found


def write(found: Mapping[str, Sequence[str]]) -> None:
    """Write down the themes of each text."""
    with THEMES.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow(("respondent", "theme"))
        rows.writerows((who, theme) for who, about_ in found.items() for theme in about_)


def sort(said: Sequence[Said]) -> dict[str, list[str]]:
    """Sort all texts: by the starter codes, then once more with what the manager said. Slow: each text is read."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'weeks.db'}"
        with closing(Database.open(url)) as database:
            migrate.upgrade(database)
            return _sorted(database, said)


def _sorted(database: Database, said: Sequence[Said]) -> dict[str, list[str]]:
    everybody = [one for one in feedback() if one.text]
    now = datetime.combine(everybody[-1].on, time(20), UTC)
    plain = configuration.load(None, {})
    config = replace(plain, city=replace(plain.city, languages=("en", "es")))
    with database.transaction() as db:
        of = add_round(db, service=SERVICE)
        moments = [datetime.combine(one.on, time(12), UTC) for one in everybody]
        rows = [text(of, one.text, one.respondent.encode(), at) for one, at in zip(everybody, moments, strict=True)]
        answers.append(db, rows)
    worker = Themes(config, database, lambda: now)
    _until_done(worker)
    with database.transaction() as db:
        by_person = _numbers(db)
        for one in said:
            theme = themes.by_key(db, SERVICE, one.theme)
            assert theme is not None, one.theme
            themes.correct(db, theme, by_person[one.respondent], None, now, fits=one.fits)
    _until_done(worker)
    with database.reading() as db:
        return _told(db)


def _until_done(worker: Themes) -> None:
    while worker.sweep():
        pass


def _numbers(db: Connection) -> dict[str, int]:
    rows = db.execute(select(kept.c.pseudonym, kept.c.id).where(kept.c.verb == "ask"))
    return {row[0].decode(): row[1] for row in rows}


def _told(db: Connection) -> dict[str, list[str]]:
    joined = select(kept.c.pseudonym, codebook.c.key).join(text_themes, text_themes.c.answer_id == kept.c.id)
    joined = joined.join(codebook, codebook.c.id == text_themes.c.theme_id)
    found: dict[str, list[str]] = {}
    confirmed = joined.where(codebook.c.state == themes.CONFIRMED)
    for who, theme in db.execute(confirmed.order_by(kept.c.id, codebook.c.id)):
        found.setdefault(who.decode(), []).append(theme)
    return found
