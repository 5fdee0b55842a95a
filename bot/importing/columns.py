"""What stands beside a question in a form and has no place in a flow: told by column, none of it in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.importing.workbook import truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.importing.losses import Ledger
    from bot.importing.workbook import Row

_CARRIED = {
    *("type", "name", "label", "hint", "list name", "parameters", "disabled", "choice_filter"),
    *("bind/relevant", "bind/required", "bind/constraint", "bind/type", "control/appearance", "control/jr:count"),
}
"""Columns that are read where the question is."""

_LOST = {
    "default": "nothing is filled in beforehand",
    "trigger": "it does not wait for another answer (trigger)",
    "guidance_hint": "its guidance for interviewers is left out",
    "media": "its picture, sound or film is left out",
    "bind/calculate": "nothing is calculated",
    "bind/entities:saveto": "nothing is saved to a list of entities (save_to)",
}
_NOTED = {
    "bind/jr:constraintMsg": "the bot says in its own words what does not fit (constraint_message)",
    "bind/jr:requiredMsg": "the bot says in its own words that an answer is needed (required_message)",
    "bind/jr:noAppErrorString": "the bot says in its own words what does not fit (no_app_error_string)",
    "control/autoplay": "nothing plays by itself (autoplay)",
    "control/rows": "the field grows with the answer (rows)",
    "sms_field": "there is no SMS form here (sms_field)",
}
_SHUFFLED = "its choices stand in one order for everybody (randomize)"
_TUNED = "what a device does with it is for each channel to say (parameters)"
_SHOWING = "how it looks is for each channel to say (appearance)"


def report(row: Row, ledger: Ledger) -> None:
    """Tell what stands in the columns of a row and is not in the flow."""
    for column in _filled(row):
        if column in _NOTED:
            ledger.note(row.sheet, row.number, _NOTED[column])
        elif column in _LOST:
            ledger.lose(row.sheet, row.number, _LOST[column])
        elif column == "bind/readonly":
            _report_readonly(row, ledger)
        elif column not in _CARRIED:
            _report_other(row, column, ledger)
    _report_parameters(row, ledger)
    _report_appearance(row, ledger)


def _filled(row: Row) -> Iterator[str]:
    """Give the columns that hold something, parts of `bind`, `control` and `instance` by themselves."""
    for column, held in row.cells.items():
        if column in {"bind", "control", "instance"} and isinstance(held, dict):
            yield from (f"{column}/{part}" for part in held)
        elif held:
            yield column


def _report_readonly(row: Row, ledger: Ledger) -> None:
    if truth(row.text("bind", "readonly")) is not False:
        ledger.lose(row.sheet, row.number, "it can be answered, though the form only shows it (read_only)")


def _report_other(row: Row, column: str, ledger: Ledger) -> None:
    """A technical column may mean anything; any other that the format does not know is told once for its sheet."""
    if "/" in column:
        ledger.lose(row.sheet, row.number, f'the column "{column.replace("/", "::")}" is left out')


def _report_parameters(row: Row, ledger: Ledger) -> None:
    given = row.text("parameters").replace(" ", "").lower()
    if "randomize=true" in given:
        ledger.lose(row.sheet, row.number, _SHUFFLED)
    elif given and row.text("type") != "range":
        ledger.note(row.sheet, row.number, _TUNED)


def _report_appearance(row: Row, ledger: Ledger) -> None:
    shown = row.text("control", "appearance")
    if "search(" in shown.replace(" ", ""):
        ledger.lose(row.sheet, row.number, "its choices come from another file, which is not read (search)")
    elif shown:
        ledger.note(row.sheet, row.number, _SHOWING)
