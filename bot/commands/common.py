"""What commands share: the configuration, JSON out, moments in, and the parts of an installation."""

from __future__ import annotations

import functools
import json
import os
import pwd
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, is_dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from bot.clock import clock_of, mint, rehearse
from bot.errors import Refused, Usage
from bot.rounds.lifecycle import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from bot.config import Config
    from bot.rounds.library import Library
    from bot.rounds.organising import Rounds
    from flows.catalog import Catalog
    from storage.database import Database
    from storage.sealing import Keys

P = ParamSpec("P")
R = TypeVar("R")
FILE = Path("config.toml")


def configured(command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the option `--config`, and the configuration as its argument `config`."""

    @click.option(
        "--config",
        "path",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The settings. [default: config.toml, else those of the sample city]",
    )
    @functools.wraps(command)
    def with_config(*args: Any, path: Path | None, **kwargs: Any) -> R:  # noqa: ANN401 - passed on as they are
        return command(*args, config=read(path, os.environ), **kwargs)

    return with_config


def read(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Return the configuration at `path`; None: of config.toml where it is, else of the sample city."""
    from bot import config as configuration

    return configuration.load(path or (FILE if FILE.exists() else None), environ)


as_json = click.option("--json", "in_json", is_flag=True, help="Print JSON, for programs.")


def show(rows: object) -> None:
    """Print as JSON."""
    click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return (
        value.isoformat() if isinstance(value, date | time) else list(value) if isinstance(value, tuple) else str(value)
    )


def table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print rows in columns."""
    kept = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*kept, strict=True)]
    for row in kept:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def write(path: Path, text: str | bytes) -> None:
    """Write a file, its folder too, and print where. Raises `Refused` where that cannot be."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(str(path))


def many(count: int, noun: str) -> str:
    """Return a count with its noun: `1 way`, `2 ways`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


class Moment(click.ParamType[datetime]):
    """A day (`2026-12-01`) or a moment (`2026-12-01T08:00`), in the city's time zone where it names none."""

    name = "day or moment"

    class Day(datetime):
        """A day given without a time, as the moment it begins."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:  # noqa: ANN401 - click's own
        """Read ISO 8601."""
        if isinstance(value, datetime):
            return value
        found = self._read(value, param, ctx)
        if found.year > LATEST:
            self.fail(f"{value!r} is too far away.", param, ctx)
        return found

    def _read(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        with suppress(ValueError):
            return self.Day.combine(date.fromisoformat(value), time())
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day or moment. Write it as 2026-12-01 or 2026-12-01T08:00.", param, ctx)


def moment(given: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return a moment that came from `Moment` as an aware one."""
    if given is None or given.tzinfo:
        return given
    return datetime.combine(given.date(), given.time(), zone)  # a plain one, as databases know no other


def last_moment(given: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Return the end of a day given without a time, for a round that lasts through that day: the next midnight."""
    if isinstance(given, Moment.Day):
        given = datetime.combine(given.date() + timedelta(days=1), time())
    return moment(given, zone)


def not_asked_from(file: Path, stage: str, config: Config) -> str:
    """Say where a flow's file must lie before a round can ask it; empty where it lies there."""
    from flows.catalog import PACKAGED

    homes = (*config.flows.extra, PACKAGED)
    if any(file.resolve().is_relative_to(home.resolve()) for home in homes):
        return ""
    home = next(iter(config.flows.extra), PACKAGED / "stages" / stage)
    return f"Before a round can ask it, move it with the files beside it into {_near(home)}"


def _near(path: Path) -> Path:
    """Return a path as seen from where we stand, if it lies below."""
    whole, here = path.resolve(), Path.cwd()
    return whole.relative_to(here) if whole.is_relative_to(here) else path


def spoken(config: Config, language: str | None) -> str:
    """Return a language the city speaks; None: its first."""
    known = config.city.languages
    if language and language not in known:
        raise Usage(f'{config.city.name} does not speak "{language}". There are: {", ".join(known)}.')
    return language or known[0]


def typed() -> Iterator[str]:
    """Give what is typed, line by line, with a mark before each where a person types."""
    while True:
        if interactive():
            click.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        yield line


def wall_clock() -> datetime:
    """Return now, or what the rehearsal says."""
    return clock_of(os.environ)()


@dataclass(frozen=True, slots=True)
class Office:
    """The parts of an installation that commands work with, no channel among them."""

    config: Config
    database: Database
    keys: Keys
    catalog: Catalog
    library: Library
    rounds: Rounds


@contextmanager
def office(config: Config) -> Iterator[Office]:
    """Open the installation: its database brought up to date."""
    from bot.rounds.library import Library
    from bot.rounds.organising import Rounds
    from flows.catalog import Catalog
    from storage import migrate
    from storage.database import Database
    from storage.unlocking import unlock

    rehearse(os.environ)
    database = Database.open(config.database.url)
    try:
        migrate.upgrade(database)
        keys = unlock(database, config.privacy.key_file, mint)
        catalog = Catalog.load(extra=config.flows.extra)
        library = Library(config, catalog, keys, wall_clock)
        with database.reading() as db:
            library.learn(db)
        rounds = Rounds(config, database, keys, catalog, library, wall_clock, mint)
        rounds.operator = account()
        yield Office(config, database, keys, catalog, library, rounds)
    finally:
        database.close()


def account() -> str:
    """Return the account of this machine that somebody is signed in to; under sudo, whose it was before."""
    before = os.environ.get("SUDO_USER") if os.geteuid() == 0 else None
    try:
        return before or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under a number that has no name
        return str(os.getuid())


def interactive() -> bool:
    """Whether a person sits at the keyboard."""
    return sys.stdin.isatty()
