"""What all tests share: fixtures live beside what they start, in tests/support."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")  # on a machine that others use too, time says nothing of a test

pytest_plugins = ["tests.support.browser", "tests.support.logs", "tests.support.pictures", "tests.support.postgres"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-transcripts",
        action="store_true",
        help="play every transcript in tests/flows/transcripts and write down what the bot says now",
    )
    parser.addoption(
        "--pictures",
        action="store_true",
        help="let the journeys write the pictures in docs/ anew, from what they see",
    )
    parser.addoption("--flood-all", action="store_true", help="let the flood of the journeys be 100,000 updates")
    parser.addoption(
        "--round", default="1500x30", help="let the large round of the journeys ask so many people x so fast"
    )
    parser.addoption(
        "--reached",
        default=".8",
        help="which part of the permitted rate the large round must reach; .99 where the machine does nothing else",
    )
    parser.addoption("--rows", default="20000", help="let the large list of the journeys have so many rows")
    parser.addoption("--wild", default="1", help="let citizens by chance walk so many times as far (tests/reference)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what takes long begin first, so that no core waits for another at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
