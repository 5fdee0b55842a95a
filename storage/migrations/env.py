"""Runs the revisions on the connection that `storage.migrate` opened; its transaction holds them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from alembic import context

from storage.tables import Instant, metadata

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext


def _plainly(kind: str, value: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column types into revisions as what they are in the database: revisions import nothing of ours."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(value, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters most things only by copying the table
    render_item=_plainly,
    compare_type=True,
)
context.run_migrations()
