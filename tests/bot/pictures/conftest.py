"""What the tests of pictures share: the catalogue."""

from __future__ import annotations

import pytest

from flows.catalog import Catalog


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The flows that come with civicloop."""
    return Catalog.load()
