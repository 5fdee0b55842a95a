"""The server as a process: prints its address on the first line and runs until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from tests.support.botapi.server import TOKEN, BotApi


async def serve(*, port: int, token: str, patience: float) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with BotApi(port=port, token=token, patience=patience) as api:
        sys.stdout.write(f"{api.url}\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Bot API server for tests, on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--patience", type=float, default=20.0, help="seconds a citizen waits to see something")
    asked = parser.parse_args()
    asyncio.run(serve(port=asked.port, token=asked.token, patience=asked.patience))
