"""Gives life to the bot again and again without loading its libraries each time: loads once, then forks per order.

An order is a line of JSON on standard input: `words` of the command line, `env` added to ours, the file `log`. The
answers are lines too: the process id when it is born, its exit status (-9: killed) when it is over.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from importlib import import_module

LIBRARIES = (
    "bot.app bot.cli bot.config bot.commands.rounds bot.commands.running bot.channels.mail "
    "bot.channels.telegram.channel storage.migrate alembic.command apscheduler.executors.asyncio h11 psycopg"
).split()
"""What takes long to load, whatever a life does."""


def main() -> None:
    """Take orders until there are no more."""
    for library in (*LIBRARIES, *sys.argv[1:]):
        import_module(library)
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            os._exit(live(**order))
        print(child, flush=True)  # noqa: T201 - the protocol
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def live(words: list[str], env: dict[str, str], log: str) -> int:
    """Be the program `civicloop`, as if just started."""
    from bot.cli import main as civicloop  # noqa: PLC0415

    for name in [name for name in os.environ if name.startswith(("CIVICLOOP_", "COVERAGE_"))]:
        del os.environ[name]
    os.environ.update(env)
    nothing, written = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for here, there in ((nothing, 0), (written, 1), (written, 2)):
        os.dup2(here, there)
    return civicloop(words)


if __name__ == "__main__":
    main()
