"""The command line: `civicloop`, the same as `python -m bot`.

Exit status: 0 well · 1 what was asked for found faults, all listed · 2 wrong usage or configuration, or a world that
does not answer: one line on standard error that says what to do. Never a traceback.
"""

from __future__ import annotations

import tempfile
import traceback
from typing import TYPE_CHECKING

import click

from bot.commands import (
    assessing,
    authoring,
    concluding,
    flows,
    inbox,
    looking,
    margins,
    playing,
    rounds,
    running,
    safekeeping,
    sheets,
    staff,
)
from bot.errors import CivicloopError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

WELL, FAULTS, WRONG = 0, 1, 2
STOPPED_BY_HAND = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="civicloop", message="%(package)s %(version)s")
def civicloop() -> None:
    """Citizens answer in a chat, managers read a digest.

    Start with "civicloop run", write a city's own settings with "civicloop init", and ask "civicloop doctor" what is
    wrong. Each command says more with --help.
    """


for part in (
    *(concluding, running, safekeeping, flows, playing, authoring, sheets),
    *(rounds, margins, looking, inbox, staff, assessing),
):
    for command in part.COMMANDS:
        civicloop.add_command(command)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        status = civicloop.main(args=args, prog_name="civicloop", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message())
        return WRONG
    except click.ClickException as wrong:
        return _said(_usage(wrong), WRONG)
    except (click.Abort, KeyboardInterrupt):
        return STOPPED_BY_HAND
    except Exception as error:  # noqa: BLE001 - the one place where everything ends
        return _ended(error)
    return status if isinstance(status, int) else WELL


def _ended(error: Exception) -> int:
    """Say what ended a command. The errors of other packages are loaded only here: `--help` answers at once."""
    from flows.source import FlowTrouble  # noqa: PLC0415 - loads pydantic
    from storage.database import StorageTrouble  # noqa: PLC0415 - loads SQLAlchemy

    match error:
        case Refused() | FlowTrouble():
            return _said(str(error), FAULTS)
        case CivicloopError() | StorageTrouble():
            return _said(str(error), WRONG)
        case OSError():
            return _said(_world(error), WRONG)
        case _:
            return _said(_unforeseen(error), WRONG)


def _said(message: str, status: int) -> int:
    for line in message.splitlines():
        click.echo(f"civicloop: {line}", err=True)
    return status


def _usage(wrong: click.ClickException) -> str:
    context = getattr(wrong, "ctx", None)
    message = " ".join(wrong.format_message().split())
    return f'{message} See "{context.command_path} --help".' if context else message


def _world(error: OSError) -> str:
    """Say what the machine refused: a full disk, a missing right."""
    what = error.strerror or type(error).__name__
    return f"{error.filename}: {what}. Put that right and try again." if error.filename else f"{what}."


def _unforeseen(error: Exception) -> str:
    """Keep the details where only this user can read them, and return the line that names the place."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="civicloop-", suffix=".txt", delete=False, encoding="utf-8"
    ) as details:
        details.writelines(traceback.format_exception(error))
    kind = type(error).__name__
    return f"stopped by an unforeseen {kind}. Please send {details.name} to whoever looks after this program."
