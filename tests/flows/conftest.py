"""What the tests of flows share: the catalogue, and the switch that writes golden files anew."""

from __future__ import annotations

import pytest

from flows.catalog import Catalog


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-transcripts",
        action="store_true",
        help="play every transcript in tests/flows/transcripts and write down what the bot says now",
    )


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The flows that come with civicloop."""
    return Catalog.load()
