"""How `migrate --from --to` goes: refuse what is in use, copy with a bar or with lines, report."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from bot import ownership
from bot.clock import rehearse
from bot.commands.common import show
from bot.errors import Refused
from storage import copying
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.config import Config
    from storage.copying import Plan, Step


def move(config: Config, source_url: str, target_url: str, *, in_json: bool) -> None:
    """Copy what the source holds into the target and report. Raises `Refused` where one of them is in use."""
    rehearse(os.environ)
    with closing(copying.open_source(source_url)) as source, closing(Database.open(target_url)) as target:
        plan = copying.prepare(source, target)
        refuse_used(source, target)
        done = _Done(plan)
        try:
            with _shown(plan, done) as see:
                for step in copying.carry(source, target, plan):
                    see(step)
        except copying.Differs as found:
            raise Refused(_differing(target, found)) from found
        refuse_used(source, target)
        _report(done, config, target, in_json=in_json)


def _differing(target: Database, found: copying.Differs) -> str:
    """Say which rows differ, and what that means."""
    meaning = (
        f"{target.shown} differs from the source. Somebody has written to one of them since the copy began, or it is "
        "of another installation. Start the bot on one of the two only; to copy again, begin with an empty database."
    )
    return "\n".join([*found.rows, meaning])


def refuse_used(*databases: Database) -> None:
    """Raise `Refused` where a bot works with one of the databases: what it writes now would be missed."""
    for database in databases:
        for lease in copying.held(database):
            if not ownership.is_dead(lease.owner):
                raise Refused(
                    f"a bot runs on {database.shown} (process {lease.owner}): stop it, then give the command again. "
                    f"If it was killed, wait until {lease.until:%H:%M:%S} UTC"
                )


@dataclass(slots=True)
class _Done:
    """How far the copy is."""

    plan: Plan
    began: float = field(default_factory=time.monotonic)
    rows: Counter[str] = field(default_factory=Counter)
    written: int = 0

    def add(self, step: Step) -> None:
        """Count a batch."""
        self.rows[step.table] += step.rows
        self.written += step.written

    def said(self, step: Step | None) -> str:
        """Return what stands beside the bar."""
        return f"{step.table}, {self.rate} rows/s" if step else ""

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return max(time.monotonic() - self.began, 0.001)

    @property
    def rate(self) -> int:
        """Rows a second."""
        return int(self.rows.total() / self.seconds)


@contextmanager
def _shown(plan: Plan, done: _Done) -> Iterator[Callable[[Step], None]]:
    """Give what takes the steps: a bar at a terminal, else a line for each table."""
    if not sys.stderr.isatty():
        yield lambda step: _line(plan, done, step)
        return
    with click.progressbar(
        length=sum(plan.rows.values()),
        show_pos=True,
        item_show_func=done.said,
        file=sys.stderr,
    ) as bar:

        def forward(step: Step) -> None:
            done.add(step)
            bar.update(step.rows, step)

        yield forward


def _line(plan: Plan, done: _Done, step: Step) -> None:
    """Write a line when a table is through."""
    done.add(step)
    if done.rows[step.table] == plan.rows[step.table]:
        click.echo(f"{step.table}: {plan.rows[step.table]} rows", err=True)


def _report(done: _Done, config: Config, target: Database, *, in_json: bool) -> None:
    compared = done.rows.total()
    if in_json:
        tables = {name: done.rows[name] for name in done.plan.rows}
        show({"copied": done.written, "compared": compared, "seconds": round(done.seconds, 3), "tables": tables})
        return
    carried = f"{done.written} rows copied" if done.written else "Nothing left to copy"
    click.echo(f"{carried}, {compared} rows compared in {done.seconds:.0f} s: both sides are equal.")
    click.echo(f"Start the bot with {target.shown} as its database.")
    click.echo(f"The key file {config.privacy.key_file} and the pictures in {config.database.files} stay as they are.")
