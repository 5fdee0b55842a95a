"""The wire to the Bot API: python-telegram-bot's `BaseRequest` over aiohttp.

Its own `HTTPXRequest` costs some five times the CPU, and more with every request in flight (`make bench`); the errors
here have the same classes and mean the same. `was_not_sent` tells what certainly never left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
import msgspec
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from telegram.request import RequestData

Seconds: TypeAlias = Any
"""Seconds, None for ever, or python-telegram-bot's mark for "as usual"."""

CONNECTING = 5.0
"""Seconds to open a line; as long again may pass until one of the lines allowed is free."""
WRITING = 20.0
"""Seconds to hand over what is sent, pictures included."""
LINES = 256
"""Most lines open at once."""
UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
"""What happens before there is a line."""

_usual = BaseRequest.DEFAULT_NONE
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode
_JSON = {"Content-Type": "application/json"}


class AiohttpRequest(BaseRequest):
    """Requests to the Bot API on lines that stay open between requests.

    `read_timeout` is the longest silence of the server in seconds. `proxy` is the address of an HTTP proxy; without one
    the environment decides (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), as it does for python-telegram-bot itself.
    """

    def __init__(self, *, read_timeout: float, lines: int = LINES, proxy: str | None = None) -> None:
        self._silence = read_timeout
        self._lines = lines
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._over = False

    @property
    def read_timeout(self) -> float:
        """The longest silence of the server, in seconds."""
        return self._silence

    async def initialize(self) -> None:
        """Open again after `shutdown`. The first request opens by itself."""
        self._over = False

    async def shutdown(self) -> None:
        """Close all lines; what is asked for afterwards is refused."""
        self._over = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Seconds = _usual,
        write_timeout: Seconds = _usual,
        connect_timeout: Seconds = _usual,
        pool_timeout: Seconds = _usual,
    ) -> tuple[int, bytes]:
        """Ask once, never again by itself. Raises `TimedOut` or `NetworkError`, whose cause says what happened."""
        if self._over:
            raise RuntimeError("this request has been shut down")
        session = self._session or self._open(url)
        about = _body(request_data)
        limits = (read_timeout, write_timeout, connect_timeout, pool_timeout)
        if limits != (_usual, _usual, _usual, _usual):
            about["timeout"] = self._timeout(*limits)
        try:
            async with session.request(method, url, allow_redirects=False, **about) as response:
                return response.status, await response.read()
        except TimeoutError as error:
            raise TimedOut("Timed out before it was sent" if was_not_sent(error) else "Timed out") from error
        except aiohttp.ClientError as error:
            raise NetworkError(f"aiohttp.{type(error).__name__}: {error}") from error

    async def call(self, url: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as the Bot API answers
        """Ask with plain values and return the plain result; errors are those of `post`.

        Where python-telegram-bot's objects serve nobody: made of what is sent and of the answer, they cost 300 µs.
        """
        return await self.post(url, cast("RequestData", _Plain(parameters)))

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Read an answer. Raises `TelegramError` where it is none of the Bot API's, whatever else it may be."""
        try:
            answer = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            answer = BaseRequest.parse_json_payload(payload)
        if not isinstance(answer, dict) or not ("result" in answer or answer.get("ok") is False):
            raise TelegramError("Invalid server response")
        return answer

    def _open(self, url: str) -> aiohttp.ClientSession:
        """Make the session, here where the loop runs. Whom TLS trusts is as with python-telegram-bot's own."""
        secure = httpx.create_ssl_context() if url.startswith("https:") else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._lines, ssl=secure),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT},
            timeout=self._timeout(),
            proxy=self._proxy or proxy_for(url),
        )
        return self._session

    def _timeout(
        self, read: Seconds = _usual, write: Seconds = _usual, connect: Seconds = _usual, pool: Seconds = _usual
    ) -> aiohttp.ClientTimeout:
        """Translate: aiohttp counts the wait for a line into `connect`, and the time to write only into `total`."""
        silence = self._silence if read is _usual else read
        opening = CONNECTING if connect is _usual else connect
        begun = _sum(opening, CONNECTING if pool is _usual else pool)
        whole = _sum(begun, WRITING if write is _usual else write, silence)
        return aiohttp.ClientTimeout(total=whole, connect=begun, sock_connect=opening, sock_read=silence)


@dataclass(frozen=True, slots=True)
class _Plain:
    """What `do_request` reads of a `RequestData` without files; `post` only hands it on."""

    parameters: Mapping[str, Any]
    contains_files: bool = False


def was_not_sent(error: BaseException | None) -> bool:
    """Whether an error of aiohttp tells for certain that the request never left: there was no line to send it on."""
    return isinstance(error, UNSENT)


def proxy_for(url: str) -> str | None:
    """Return the proxy that the environment names for an address; None: the way is direct."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    known = getproxies()
    proxy = known.get(parts.scheme) or known.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def _body(data: RequestData | None) -> dict[str, Any]:
    """Return the parameters as the request's body: JSON, or a form where files go along."""
    if data is None:
        return {}
    if not data.contains_files:
        return {"data": _encode(data.parameters), "headers": _JSON}
    form = aiohttp.FormData(data.json_parameters)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}


def _sum(*seconds: float | None) -> float | None:
    """Add up; None, which is for ever, swallows the rest."""
    return None if None in seconds else sum(each for each in seconds if each is not None)
