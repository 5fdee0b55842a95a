"""A Bot API on this machine that only takes messages, in a process of its own, so that its CPU is nobody else's.

It reads just enough HTTP to be asked by any client, and keeps a limit as strictly as can be: a bucket of `burst`
messages that fills at `rate` a second; who comes when it is empty is refused, and for a second so is everybody else.

    python -m tests.benchmarks.loopback        prints its address; `/limit/30/2` sets a limit, `/limit/0/0` none;
                                               `/told` says what it counted since
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import urllib.request
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "123456789:AAtoken_of_the_loopback_server_012345678"
PENALTY = 1.0
"""Seconds during which everything is refused after an excess."""
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
SENT = (
    '{"ok":true,"result":{"message_id":%d,"from":{"id":123456789,"is_bot":true,"first_name":"City","username":"city_bot"}'
    ',"chat":{"id":7,"first_name":"Ana","type":"private"},"date":1795000000,"text":"How was it?","reply_markup":'
    '{"inline_keyboard":[[{"text":"Good","callback_data":"t:q:5"},{"text":"Bad","callback_data":"t:q:1"}]]}}}'
)
ME = '{"ok":true,"result":{"id":123456789,"is_bot":true,"first_name":"City","username":"city_bot"}}'
REFUSED = (
    '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}'
)


@dataclass(slots=True)
class Limit:
    """The limit and what came of it; `rate` 0 is none. Moments are seconds of the loop's clock."""

    rate: float = 0.0
    burst: float = 0.0
    taken: int = 0
    refused: int = 0
    first: float = 0.0
    last: float = 0.0
    _tokens: float = field(init=False)
    _at: float = 0.0
    _closed_until: float = 0.0

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def allows(self, now: float) -> bool:
        """Whether a message that comes now is taken; counts it either way."""
        if self.rate:
            self._tokens = min(self.burst, self._tokens + (now - (self._at or now)) * self.rate)
            self._at = now
            if now < self._closed_until or self._tokens < 1 - 1e-6:
                self._closed_until = now + PENALTY if now >= self._closed_until else self._closed_until
                self.refused += 1
                return False
            self._tokens -= 1
        self.taken += 1
        self.first, self.last = self.first or now, now
        return True


class Line(asyncio.Protocol):
    """One connection: requests come one after the other and each is answered at once."""

    limit = Limit()
    ids = count(1)

    def __init__(self) -> None:
        """Nothing read yet."""
        self._read = b""
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end]
            length = LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._read) < whole:
                return
            self._read = self._read[whole:]
            self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, path: str) -> None:
        if path.startswith("/limit/"):
            rate, burst = path.split("/")[2:]
            Line.limit = Limit(float(rate), float(burst))
            self._say("200 OK", "{}")
        elif path == "/told":
            limit = Line.limit
            told = {"taken": limit.taken, "refused": limit.refused, "seconds": limit.last - limit.first}
            self._say("200 OK", json.dumps(told))
        elif path.endswith("/getMe"):
            self._say("200 OK", ME)
        elif Line.limit.allows(asyncio.get_running_loop().time()):
            self._say("200 OK", SENT % next(Line.ids))
        else:
            self._say("429 Too Many Requests", REFUSED)

    def _say(self, status: str, body: str) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write((head + body).encode())


@dataclass(frozen=True, slots=True)
class Loopback:
    """A running server at `url`."""

    url: str

    def limit(self, rate: float, burst: float) -> None:
        """Begin to count anew, with another limit."""
        self._ask(f"/limit/{rate}/{burst}")

    def told(self) -> dict[str, float]:
        """Return how many were `taken` and `refused`, and the `seconds` from the first taken to the last."""
        told: dict[str, float] = json.loads(self._ask("/told"))
        return told

    def _ask(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as answer:  # noqa: S310 - our own server
            body: bytes = answer.read()
            return body


@contextlib.contextmanager
def running() -> Iterator[Loopback]:
    """Serve for the length of the block."""
    with subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Loopback(process.stdout.readline().strip())
        finally:
            process.terminate()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.get_running_loop().create_server(Line, "127.0.0.1", 0, backlog=512)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
