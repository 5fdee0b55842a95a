"""What leaves for Telegram fits it and says all it should."""

from __future__ import annotations

from datetime import timedelta

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from telegram.error import BadRequest, Forbidden, NetworkError, TelegramError, TimedOut

from bot.channels.base import Again, Ambiguous, Gone, Outbound, Receipt
from bot.channels.telegram import messages
from flows.model import Button

TOKEN = "123:secret"
NO_TLS = ConnectionKey("example.org", 80, is_ssl=False, ssl=False, proxy=None, proxy_auth=None, proxy_headers_hash=None)
REFUSED = aiohttp.ClientConnectorError(NO_TLS, ConnectionRefusedError(111, "refused"))


def buttons(*labels: str) -> tuple[Button, ...]:
    """Return buttons with these labels."""
    return tuple(Button(label, f"t:q:{n}") for n, label in enumerate(labels))


def test_short_labels_share_a_row_and_long_ones_do_not() -> None:
    assert [len(row) for row in messages.rows(buttons("5", "4", "3", "2", "1", "Skip"), 5)] == [5, 1]
    assert [len(row) for row in messages.rows(buttons("Yes", "A much longer answer, alas"), 2)] == [1, 1]
    assert [len(row) for row in messages.rows(buttons("Yes", "No"), 1)] == [1, 1]


def test_a_message_without_buttons_has_no_keyboard() -> None:
    assert messages.inline(Outbound(key="k", address="7", text="x")) is None


def test_a_place_is_asked_with_a_key_of_its_own_above_the_others() -> None:
    asked = Outbound(key="k", address="7", text="Where?", wants="place", buttons=buttons("Skip"))
    keyboard = messages.asking_place(asked, "Send my place")
    rows = keyboard["keyboard"]
    assert rows == [[{"text": "Send my place", "request_location": True}], [{"text": "Skip"}]]
    assert keyboard["one_time_keyboard"]


def caused(error: TelegramError, cause: Exception) -> TelegramError:
    """Return the error as python-telegram-bot raises it, with what lies under it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (caused(NetworkError("x"), REFUSED), Again),
        (caused(TimedOut(), aiohttp.ConnectionTimeoutError()), Again),
        (caused(NetworkError("x"), RuntimeError("shut down")), Again),
        (caused(TimedOut(), aiohttp.SocketTimeoutError()), Ambiguous),
        (caused(TimedOut(), TimeoutError()), Ambiguous),
        (caused(NetworkError("x"), aiohttp.ServerDisconnectedError()), Ambiguous),
        (caused(NetworkError("x"), aiohttp.ClientOSError("cut")), Ambiguous),
        (caused(NetworkError("x"), UnicodeEncodeError("utf-8", "\ud83d", 0, 1, "half a sign")), Gone),
        (caused(Forbidden("a firewall's page"), TelegramError("Invalid server response")), Again),
        (caused(BadRequest("a proxy's page"), TelegramError("Invalid server response")), Again),
        (NetworkError("Bad Gateway"), Again),
        (TelegramError("Invalid server response"), Ambiguous),
        (BadRequest("PEER_ID_INVALID"), Gone),
    ],
)
def test_only_what_may_have_arrived_is_ambiguous(error: TelegramError, kind: type[Receipt]) -> None:
    assert isinstance(messages.receipt(error, TOKEN), kind)


def test_a_line_that_cannot_be_opened_stops_everyone() -> None:
    receipt = messages.receipt(caused(NetworkError("x"), REFUSED), TOKEN)
    assert receipt == Again(timedelta(seconds=5), "NetworkError: x", everyone=True)


def test_the_token_never_stands_in_a_reason() -> None:
    told = messages.told(NetworkError(f"no route to https://x/bot{TOKEN}/getMe\nreally"), TOKEN)
    assert told == "NetworkError: no route to https://x/bot•••/getMe really"
