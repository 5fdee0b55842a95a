"""Measurements for Prometheus, and what `/readyz` says. One registry per program, so that tests stand apart."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.digests.writing import REFUSED, refused
from storage import inbox, outbox

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
WEIGHED = 13
"""How many readings the rates are told from: a minute of them, one in five seconds."""


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
    refusals: Counter = field(init=False)
    machine: Counter = field(init=False)
    rates: Gauge = field(init=False)
    waiting: Gauge = field(init=False)
    oldest: Gauge = field(init=False)
    refused: Gauge = field(init=False)
    _weighed: deque[tuple[float, dict[str, float]]] = field(default_factory=lambda: deque(maxlen=WEIGHED))
    """Moments in seconds, and how many turns and sends there had been."""

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
        self.refusals = Counter(
            "civicloop_refusals", "Updates not taken, messages a channel did not take yet", ["where"], registry=registry
        )
        self.machine = Counter(
            "civicloop_machine", "What a language model was asked for, and what became of it", ["what", "outcome"],
            registry=registry,
        )  # fmt: skip
        self.rates = Gauge("civicloop_per_second", "How many a second, over a minute", ["what"], registry=registry)
        self.waiting = Gauge("civicloop_rows", "Rows by table and status", ["table", "status"], registry=registry)
        self.oldest = Gauge("civicloop_oldest_seconds", "Age of the oldest row due", ["table"], registry=registry)

        self.refused = Gauge(
            "civicloop_digests_refused", "Digests a channel refused for good within a week", ["service"],
            registry=registry,
        )  # fmt: skip

    def weigh(self, at: float) -> None:
        """Note how much has been done at a moment (seconds that only go forward), and tell the rates."""
        self._weighed.append((at, {"turns": _total(self.turns), "sends": _total(self.sends)}))
        since, before = self._weighed[0]
        for what, count in self._weighed[-1][1].items():
            self.rates.labels(what).set((count - before[what]) / (at - since) if at > since else 0.0)

    def load(self, waiting: Mapping[str, float]) -> str:
        """Say in one line how much there is to do (`waiting`: see `ages`), how fast it goes, and what was refused."""
        rates = {what: self._rate(what) for what in ("turns", "sends")}
        ages = " and ".join(f"the oldest row of the {table} {age:.0f} seconds" for table, age in waiting.items())
        refused = {labels["where"]: int(count) for labels, count in _counts(self.refusals)}
        told = ", ".join(f"{count} by {where}" for where, count in sorted(refused.items())) or "none"
        speed = f"{rates['turns']:.1f} turns and {rates['sends']:.1f} messages a second over the last minute"
        return "; ".join(filter(None, (speed, f"waiting: {ages}" if ages else "", f"refused: {told}")))

    def _rate(self, what: str) -> float:
        return next((value for labels, value in _counts(self.rates) if labels["what"] == what), 0.0)

    def look(self, db: Connection, now: datetime) -> None:
        """Measure what lies in the database."""
        self.waiting.clear()
        for table, counts in (("inbox", inbox.counts(db)), ("outbox", outbox.counts(db))):
            for status, count in counts.items():
                self.waiting.labels(table, status).set(count)
        self.refused.clear()
        for service, count in refused(db, now - REFUSED).items():
            self.refused.labels(service).set(count)
        for table, age in ages(db, now).items():
            self.oldest.labels(table).set(age)

    def text(self) -> str:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry).decode()


def _counts(metric: Counter | Gauge) -> list[tuple[dict[str, str], float]]:
    """Return each value with its labels; of a counter not the moments at which it began."""
    samples = [sample for family in metric.collect() for sample in family.samples]
    return [(sample.labels, sample.value) for sample in samples if not sample.name.endswith("_created")]


def _total(counter: Counter) -> float:
    return sum(value for _, value in _counts(counter))


def ages(db: Connection, now: datetime) -> Mapping[str, float]:
    """Return how many seconds the oldest undone row of inbox and outbox has waited; 0 where nothing waits."""
    since = {"inbox": inbox.oldest_waiting(db), "outbox": outbox.oldest_due(db, now)}
    return {table: max(0.0, (now - moment).total_seconds()) if moment else 0.0 for table, moment in since.items()}
