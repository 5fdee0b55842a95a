"""The proxy that docs/Caddyfile sets up, run by Caddy itself: a replica that freezes or dies is passed over."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import httpx
import pytest

from tests.journeys.town import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

CADDYFILE = Path(__file__).parents[2] / "docs" / "Caddyfile"
UPSTREAMS = re.compile(r"dynamic a civicloop 8080 \{.*?\}", re.DOTALL)
UPDATES = 12
FAILURES = 3
"""So many times each of the other two replicas may fail, then it is left alone for a while."""
PATIENCE = 30.0
"""Seconds in which Caddy has started, or answered."""


class _Replica(BaseHTTPRequestHandler):
    """Answers what it is asked, and notes it."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[tuple[str, str]]] = []
    """The path, and what was brought."""
    told: ClassVar[list[str]] = []
    """For whom the proxy says it asks."""

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        brought = self.rfile.read(size).decode()
        if len(brought) == size:  # else the proxy has hung up: Caddy 2.6 cannot hand on what another did not take
            self._answer(brought)

    def do_GET(self) -> None:
        self._answer("")

    def _answer(self, brought: str) -> None:
        self.asked.append((self.path, brought))
        self.told.append(self.headers["X-Forwarded-For"])
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def lively() -> Iterator[int]:
    """Give the port of a replica that answers."""
    _Replica.asked.clear()
    _Replica.told.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Replica)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def frozen() -> Iterator[int]:
    """Give the port of a replica whose machine takes connections and that says nothing: stopped in its tracks."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=64)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def proxy(lively: int, frozen: int, tmp_path: Path) -> Iterator[str]:
    """Run Caddy with the file as it is, but for the addresses of the replicas: a frozen, a dead and a lively one."""
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("no caddy here: the package is called caddy")
    port, dead = free_port(), free_port()
    text, changed = UPSTREAMS.subn(
        f"to 127.0.0.1:{frozen} 127.0.0.1:{dead} 127.0.0.1:{lively}", CADDYFILE.read_text(encoding="utf-8")
    )
    assert changed == 1
    file = tmp_path / "Caddyfile"
    file.write_text(f"{{\n\tadmin off\n}}\n{text}", encoding="utf-8")
    env = {"CITY_ADDRESS": f"http://127.0.0.1:{port}", "HOME": str(tmp_path)}
    with ExitStack() as things:
        log = things.enter_context((tmp_path / "log").open("wb"))
        command = [caddy, "run", "--config", str(file), "--adapter", "caddyfile"]
        running = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        things.callback(running.wait, 10)
        things.callback(running.terminate)
        _until_it_listens(port, running)
        yield f"http://127.0.0.1:{port}"


def _until_it_listens(port: int, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while running.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("caddy does not start")


@pytest.mark.slow
def test_updates_and_pages_get_past_a_frozen_and_a_dead_replica(proxy: str) -> None:
    with httpx.Client(base_url=proxy, timeout=2 * PATIENCE) as client:
        in_vain = sum(_brought(client, n) for n in range(UPDATES))
        assert client.get("/chat").status_code == 200
        assert {client.get(path).status_code for path in ("/healthz", "/readyz", "/metrics")} == {404}
    assert in_vain <= 2 * FAILURES
    assert set(_Replica.asked) == {("/chat", ""), *(("/telegram", str(n)) for n in range(UPDATES))}


@pytest.mark.slow
def test_a_replica_learns_the_address_the_proxy_sees_and_not_what_a_visitor_says(proxy: str) -> None:
    with httpx.Client(base_url=proxy, timeout=2 * PATIENCE) as client:
        assert client.get("/chat", headers={"x-forwarded-for": "9.9.9.9"}).status_code == 200
    assert _Replica.told == ["127.0.0.1"]


def _brought(client: httpx.Client, number: int) -> int:
    """Bring an update until it is taken, as Telegram does; return how often that was in vain."""
    for tries in range(2 * FAILURES + 1):
        if client.post("/telegram", content=str(number)).status_code == 200:
            return tries
    raise AssertionError(f"update {number} is not taken")
