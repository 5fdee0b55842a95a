"""A whole installation for journeys: the real process, a Bot API server, a mail server, and a clock to put forward."""

from __future__ import annotations

import email
import email.policy
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import httpx
from aiosmtpd.controller import Controller

from tests.support.botapi import client as botapi

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from aiosmtpd.smtp import Envelope

MADRID = ZoneInfo("Europe/Madrid")
SETTINGS = """
[city]
name = "Rivermouth"
org = { en = "the City of Rivermouth", es = "el Ayuntamiento de Rivermouth" }
languages = ["en", "es"]
time_zone = "Europe/Madrid"

[[services]]
key = "library"
name = { en = "Central Library", es = "Biblioteca Central" }
steps = [ { id = "arrive", en = "Getting in", es = "Llegar" }, { id = "borrow", en = "Borrowing", es = "Libros" } ]
areas = [ { id = "harbour", en = "Harbour", es = "El Puerto" }, { id = "hill", en = "Hillside", es = "La Ladera" } ]
"""
MONDAY = datetime(2027, 1, 11, 9, tzinfo=MADRID)
"""When the journeys of a small city begin."""
UNWANTED = ("CIVICLOOP_", "COVERAGE_")
"""What the bot must not inherit: settings of whoever runs the tests, and the slowness of being measured."""
PATIENCE = 60.0
"""Seconds until something that should have happened counts as not happening."""


class Postbox:
    """A mail server's memory: every message it took, parsed."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a message."""
        assert isinstance(envelope.content, bytes)
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


def free_port() -> int:
    """Return a port nobody listens on just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@dataclass
class Town:
    """One installation in `folder` with a settings text; use as a context manager."""

    folder: Path
    settings: str
    database: str | None = None
    messages_per_second: int = 200
    env: dict[str, str] = field(default_factory=dict)
    under: tuple[str, ...] = ()
    """A program and its words that the bot is started by, such as one that watches it."""

    def __enter__(self) -> Self:
        self._things = ExitStack()
        self.post = Postbox()
        mail = Controller(self.post, hostname="127.0.0.1", port=free_port())
        mail.start()
        self._things.callback(mail.stop)
        self.telegram = self._things.enter_context(botapi.running(patience=PATIENCE))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = self.folder / "config.toml"
        self.config.write_text(self.settings, encoding="utf-8")
        self.clock = self.folder / "clock"
        self.process: subprocess.Popen[bytes] | None = None
        self._env = {
            **{name: value for name, value in os.environ.items() if not name.startswith(UNWANTED)},
            "CIVICLOOP_DATABASE__URL": self.database or f"sqlite:///{self.folder}/data/civicloop.sqlite3",
            "CIVICLOOP_DATABASE__FILES": f"{self.folder}/data/files",
            "CIVICLOOP_PRIVACY__KEY_FILE": f"{self.folder}/data/keys",
            "CIVICLOOP_TELEGRAM__TOKEN": self.telegram.token,
            "CIVICLOOP_TELEGRAM__BASE_URL": self.telegram.url,
            "CIVICLOOP_TELEGRAM__MESSAGES_PER_SECOND": str(self.messages_per_second),
            "CIVICLOOP_WEB__PORT": str(self.port),
            "CIVICLOOP_SENDING__EARLIEST": "00:00",  # these tests run at any hour
            "CIVICLOOP_SENDING__LATEST": "00:00",
            "CIVICLOOP_MAIL__HOST": "127.0.0.1",
            "CIVICLOOP_MAIL__PORT": str(mail.port),
            "CIVICLOOP_MAIL__FROM_ADDRESS": "voice@city.example",
            "CIVICLOOP_MAIL__STARTTLS": "false",
            **self.env,
        }
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.stop()
        self._things.close()

    # ----------------------------------------------------------------- the process

    def start(self) -> None:
        """Start the bot as an operator would, and wait until it is ready."""
        log = (self.folder / "bot.log").open("ab")
        self._things.callback(log.close)
        command = [*self.under, sys.executable, "-m", "bot", "run", "--config", str(self.config)]
        self.process = subprocess.Popen(command, env=self._env, stdout=log, stderr=log)
        self.until("the bot is ready", self._is_ready)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the process by a signal; return its exit status."""
        assert self.process is not None
        self.process.send_signal(how)
        status = self.process.wait(30)
        self.process = None
        return status

    def _is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log()
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    def log(self) -> str:
        """Return what the process has printed."""
        return (self.folder / "bot.log").read_text(encoding="utf-8")

    # ----------------------------------------------------------------- time and waiting

    def set_clock(self, moment: datetime) -> None:
        """Put the rehearsal's clock to this moment, for the bot, the command line and Telegram."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(moment.isoformat(), encoding="utf-8")
        fresh.replace(self.clock)
        self._env["CIVICLOOP_CLOCK"] = str(self.clock)
        self.telegram.set_clock(moment)

    def until(self, what: str, happens: Any, patience: float = PATIENCE) -> Any:
        """Wait until `happens()` returns something true, and return it."""
        deadline = time.monotonic() + patience
        while not (result := happens()):
            assert time.monotonic() < deadline, f"waited in vain until {what}\n{self.log()[-4000:]}"
            time.sleep(0.1)
        return result

    # ----------------------------------------------------------------- the command line

    def civicloop(self, *words: str, status: int = 0) -> str:
        """Run one command of the command line and return what it prints."""
        command = [sys.executable, "-m", "bot", *words, "--config", str(self.config)]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == status, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def asks(self, *words: str) -> Any:
        """Run one command with `--json` and return what it reports."""
        return json.loads(self.civicloop(*words, "--json"))

    def open_pulse(self, service: str) -> str:
        """Open an always-open pulse for a service on the command line; return its code."""
        facts = ("--service", service, "--flow", "deliver_pulse", "--title", f"How is {service}?")
        code: str = self.asks("round", "new", *facts)["code"]
        self.civicloop("round", "open", code)
        return code
