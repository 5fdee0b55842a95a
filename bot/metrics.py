"""Measurements for Prometheus, and what `/readyz` says. One registry per program, so that tests stand apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from storage import inbox, outbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(slots=True)
class Metrics:
    """Everything counted."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    turns: Counter = field(init=False)
    failures: Counter = field(init=False)
    repeats: Counter = field(init=False)
    urgent: Counter = field(init=False)
    groups: Histogram = field(init=False)
    commits: Histogram = field(init=False)
    sends: Counter = field(init=False)
    sweeps: Counter = field(init=False)
    waiting: Gauge = field(init=False)
    oldest: Gauge = field(init=False)

    def __post_init__(self) -> None:
        registry = self.registry
        self.turns = Counter("civicloop_turns", "Turns committed", ["channel"], registry=registry)
        self.failures = Counter("civicloop_turn_failures", "Turns that did not work", ["kind"], registry=registry)
        self.repeats = Counter("civicloop_repeated_updates", "Updates that came again", registry=registry)
        self.urgent = Counter("civicloop_urgent", "Messages with words of danger", registry=registry)
        self.groups = Histogram("civicloop_group_size", "Turns to a commit", buckets=SIZES, registry=registry)
        self.commits = Histogram("civicloop_commit_seconds", "Time of a group", buckets=SECONDS, registry=registry)
        self.sends = Counter("civicloop_sends", "Deliveries by receipt", ["channel", "receipt"], registry=registry)
        self.sweeps = Counter("civicloop_sweeps", "Sweeps by outcome", ["sweep", "outcome"], registry=registry)
        self.waiting = Gauge("civicloop_rows", "Rows by table and status", ["table", "status"], registry=registry)
        self.oldest = Gauge("civicloop_oldest_seconds", "Age of the oldest row due", ["table"], registry=registry)

    def look(self, db: Connection, now: datetime) -> None:
        """Measure what lies in the database."""
        self.waiting.clear()
        for table, counts in (("inbox", inbox.counts(db)), ("outbox", outbox.counts(db))):
            for status, count in counts.items():
                self.waiting.labels(table, status).set(count)
        for table, age in ages(db, now).items():
            self.oldest.labels(table).set(age)

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry).decode()


def ages(db: Connection, now: datetime) -> Mapping[str, float]:
    """Return how many seconds the oldest undone row of inbox and outbox has waited; 0 where nothing waits."""
    since = {"inbox": inbox.oldest_waiting(db), "outbox": outbox.oldest_due(db, now)}
    return {table: max(0.0, (now - moment).total_seconds()) if moment else 0.0 for table, moment in since.items()}
