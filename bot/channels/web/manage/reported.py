"""What a service has done, or will not do, taken into the report of a round: one line for each action that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.channels.web.pages import backstage_of, pages_of
from storage import actions
from storage.actions import ASK, DONE, NOT_DONE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from bot.channels.web.backstage import RoundView
    from storage.actions import Action

MOST = 20
"""Actions that are offered, the newest."""


def offered(request: Request, service: str) -> list[tuple[int, str]]:
    """Return (id, line) of what has come of the actions of a service."""
    with backstage_of(request).database.reading() as db:
        rows = actions.of(db, service, [DONE, NOT_DONE])
    return [(row.id, _line(row)) for row in rows if row.kind != ASK][:MOST]


def taken(request: Request, round_: RoundView, typed: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a report with the line added that `take` in the address names; nothing is kept by that.

    It is added in the reader's language where the round has it, else in the first the round has.
    """
    lines = {str(number): line for number, line in offered(request, round_.service)}
    line = lines.get(request.query_params.get("take", ""), "")
    fields = [name for name in typed if name.startswith("report.")]
    mine = f"report.{pages_of(request).words(request).language}"
    field = mine if mine in fields else next(iter(fields), "")
    text = typed.get(field, "")
    if not line or not field or line in text:
        return dict(typed)
    return {**typed, field: f"{text}\n{line}".strip()}


def _line(row: Action) -> str:
    return f"– {row.words}" if row.outcome in {"", row.words} else f"– {row.words}: {row.outcome}"
