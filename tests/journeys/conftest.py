"""What journeys share: the city most of them take place in, and what gives life to those that are killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.ordeal import Midwife
from tests.journeys.town import MONDAY, SETTINGS, Town

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def town(bare_url: str, tmp_path: Path) -> Iterator[Town]:
    """A city with one service, started on a Monday morning of 2027 on an empty database."""
    with Town(tmp_path, SETTINGS, database=bare_url) as built:
        built.set_clock(MONDAY)
        built.start()
        yield built
        assert built.telegram.violations == []
        assert built.stop() == 0


@pytest.fixture(scope="module")
def midwife() -> Iterator[Midwife]:
    """Give one process to fork all lives of this module."""
    midwife = Midwife()
    yield midwife
    midwife.close()
