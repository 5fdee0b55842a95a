"""A server that speaks OpenAI's chat completions over HTTP; what it answers a test chooses."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from bot.settings import Model, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "sk-of-the-test"
SLOW = 0.15
"""Seconds between two pieces of a slow answer."""


@dataclass
class Server:
    """What it was asked, and what it answers: `write` gets what was asked and returns the text of the answer."""

    url: str
    write: Callable[[dict[str, Any]], str] = lambda _: "{}"
    status: int = 200
    slow: bool = False
    body: bytes | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    @property
    def material(self) -> list[dict[str, Any]]:
        """What the model was given, request by request."""
        return [json.loads(each["messages"][1]["content"]) for each in self.asked]

    @property
    def sent(self) -> str:
        """Everything that went over the wire."""
        return json.dumps(self.asked, ensure_ascii=False)

    def settings(self, *, seconds: int = 5, a_week: int = 200) -> Model:
        """Return the section of the configuration that names this server."""
        return Model(self.url, "tiny", Secret(KEY), seconds, a_week)


@contextmanager
def serving() -> Iterator[Server]:
    """Run the server on a free port."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    http.model = Server(f"http://127.0.0.1:{http.server_port}/v1")  # type: ignore[attr-defined]  # our own attribute
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield http.model  # type: ignore[attr-defined]  # the same
    finally:
        http.shutdown()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """`GET /v1/models`."""
        model = self._model
        known = self.headers["Authorization"] == f"Bearer {KEY}"
        status = model.status if known else 401
        found = self.path == "/v1/models"
        self._answer(status if found else 404, json.dumps({"object": "list", "data": [{"id": "tiny"}]}).encode())

    def do_POST(self) -> None:
        """`POST /v1/chat/completions`, as the API has it: what it does not know it refuses."""
        model = self._model
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model.asked.append(asked)
        model.keys.append(self.headers["Authorization"])
        if self.path != "/v1/chat/completions" or not _right(asked):
            self._answer(400, b'{"error": {"message": "Unsupported parameter"}}')
            return
        message = {"role": "assistant", "content": model.write(asked), "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        said = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "tiny", "choices": [choice]}
        self._answer(model.status, json.dumps(said).encode() if model.body is None else model.body)

    @property
    def _model(self) -> Server:
        return self.server.model  # type: ignore[attr-defined, no-any-return]  # our own attribute

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            for piece in [bytes([each]) for each in body] if self._model.slow else [body]:
                self.wfile.write(piece)
                self.wfile.flush()
                if self._model.slow:
                    time.sleep(SLOW)
        except OSError:
            return  # who asked has hung up

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _right(asked: dict[str, Any]) -> bool:
    """Whether a request is one that every such server takes."""
    form = asked.get("response_format", {})
    wanted = form.get("json_schema", {})
    roles = [each.get("role") for each in asked.get("messages", [])]
    return (
        set(asked) == {"model", "messages", "response_format"}
        and roles == ["system", "user"]
        and form.get("type") == "json_schema"
        and set(wanted) == {"name", "strict", "schema"}
        and wanted["schema"]["additionalProperties"] is False
    )
