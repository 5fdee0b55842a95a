"""How many rows of a table have which status, the finished ones too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

if TYPE_CHECKING:
    from sqlalchemy import Connection, Table


def statuses(db: Connection, table: Table) -> dict[str, int]:
    """Count every row of `table` by its column `status`."""
    return dict(db.execute(select(table.c.status, func.count()).group_by(table.c.status)).all())
