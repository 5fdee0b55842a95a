"""What was counted a moment ago is kept for the next look, and counted once for all who look at once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from bot.rounds.lately import FRESH, Lately

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_a_value_is_kept_for_seconds_and_each_key_has_its_own() -> None:
    kept: Lately[int] = Lately()
    found = [kept.of("one", NOW, lambda: 1), kept.of("one", NOW + FRESH / 2, lambda: 2), kept.of("two", NOW, lambda: 3)]
    assert found == [1, 1, 3]
    assert kept.of("one", NOW + FRESH, lambda: 4) == 4


def test_what_cannot_be_counted_is_not_kept() -> None:
    kept: Lately[int] = Lately()
    with pytest.raises(ZeroDivisionError):
        kept.of("one", NOW, lambda: 1 // 0)
    assert kept.of("one", NOW, lambda: 5) == 5


def test_many_who_look_at_once_wait_for_one_count() -> None:
    kept: Lately[int] = Lately()
    counts: list[int] = []

    def slow() -> int:
        counts.append(1)
        time.sleep(0.05)
        return len(counts)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: kept.of("one", NOW, slow), range(8)))
    assert found == [1] * 8


def test_rounds_that_nobody_looks_at_any_more_are_let_go() -> None:
    kept: Lately[int] = Lately()
    for n in range(100):
        kept.of(n, NOW + timedelta(minutes=n), lambda: 0)
    assert len(kept._kept) == 1
