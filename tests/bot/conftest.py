"""What tests of the loop share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.house import Citizen, House

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from storage.database import Database


@pytest.fixture
async def house(database: Database, tmp_path: Path, mint: Callable[[], str]) -> AsyncIterator[House]:
    """Give an installation whose writer runs, on SQLite and on PostgreSQL."""
    async with House(database, tmp_path, mint).writing() as house:
        yield house


@pytest.fixture
def citizen(house: House) -> Citizen:
    """Give somebody who writes to it."""
    return Citizen(house)
