"""Mail as a channel: it sends and does not listen. smtplib in a worker thread; what the server says is a receipt.

At least once: a mail whose fate is unknown is sent again under the same Message-ID, by which readers' programs know it.
Reasons hold the server's codes and never its words, because those repeat the address.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import TYPE_CHECKING

from bot.channels.base import Again, Ambiguous, Capabilities, Gone, Sent
from bot.pacing import MAIL
from bot.texts import texts
from storage import crossings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.channels.base import Accept, Inbound, Outbound, Picture, Raw, Receipt
    from bot.config import Mail as Settings

TLS_PORT = 465
"""The port on which servers speak TLS from the first byte (RFC 8314)."""
PATIENCE = 30.0
"""Seconds to wait for each answer of the server."""
SOON, LATER = timedelta(minutes=5), timedelta(minutes=15)
NO_MAILBOX = frozenset({550, 551, 553})
"""Replies to an address that may mean nobody lives there (RFC 5321); other 5xx refuse this message only."""
WIRE = SMTP.clone(cte_type="7bit")
"""Every server takes seven bits."""
HEADS = WIRE.clone(max_line_length=998)
"""How long a line may be at the most (RFC 5322): the link of a header is not to be folded or written otherwise."""
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")
_ENHANCED = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}")
_NOBODY = re.compile(rb"5\.1\.(?:[012346]|10)")
"""Enhanced codes that blame the reader's address (RFC 3463, RFC 7505); 5.1.7 and 5.1.8 blame the sender's."""


class _AddressRefused(smtplib.SMTPResponseException):
    """The server refuses the reader's address; what it refuses later it refuses of the message."""


class MailChannel:
    """Sends mails through the city's server."""

    name = "mail"
    capabilities = Capabilities(buttons=0, label=0, text=100_000)

    def __init__(
        self,
        settings: Settings,
        subject: str,
        clock: Callable[[], datetime],
        *,
        leave: Callable[[str], str] | None = None,
        trust: ssl.SSLContext | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """`subject` heads messages that bring none; `leave` gives the link that stops all mails to an address.

        `trust` replaces the system's certificates; `patience` is in seconds.
        """
        self._leave = leave
        self._settings = settings
        self._subject = subject
        self._clock = clock
        self._trust = trust
        self._patience = patience
        self._hands = ThreadPoolExecutor(MAIL.wires, thread_name_prefix="mail")  # a slow server holds up mails alone

    async def listen(self, accept: Accept) -> None:
        """Wait until cancelled: nothing arrives here."""
        await asyncio.Event().wait()

    def parse(self, raw: Raw) -> list[Inbound]:
        """Return nothing: nobody answers here."""
        return []

    async def send(self, message: Outbound) -> Receipt:
        """Send one mail. Refusals for good are `Gone`, others `Again`; a line that broke late is `Ambiguous`."""
        if not _ADDRESS.fullmatch(message.address):
            return Gone("not a mail address")
        return await asyncio.get_running_loop().run_in_executor(self._hands, self._send, message)

    async def close(self) -> None:
        """Let go of the threads; what is on its way arrives."""
        self._hands.shutdown(wait=False)

    def compose(self, message: Outbound) -> EmailMessage:
        """Return the mail as it goes out; the same key gives the same Message-ID."""
        sender = self._settings.from_address
        mail = EmailMessage(policy=WIRE)
        mail["Subject"] = " ".join((message.mail.subject if message.mail else self._subject).split())
        mail["From"] = sender
        mail["To"] = message.address
        mail["Date"] = format_datetime(self._clock())
        mail["Message-ID"] = message_id(message.key, sender)
        mail["Auto-Submitted"] = "auto-generated"
        way_out = self._leave(message.address) if self._leave else ""
        _add_ways_out(mail, parseaddr(sender)[1], way_out)
        mail.set_content(_with_way_out(message, way_out))
        _add_body(mail, message)
        mail["Content-Language"] = message.language
        return mail

    def _send(self, message: Outbound) -> Receipt:
        handed_over = False
        try:
            with self._server() as server:
                _expect(server.mail(parseaddr(self._settings.from_address)[1]))
                _expect(server.rcpt(message.address), _AddressRefused)
                body = self.compose(message).as_bytes(policy=HEADS)
                handed_over = True
                crossings.passed("mail.hands_over")
                _expect(server.data(body))
                crossings.passed("mail.handed_over")
        except smtplib.SMTPResponseException as error:
            return _refusal(error)
        except (smtplib.SMTPNotSupportedError, ssl.SSLError):
            return Again(LATER, "the mail server offers no safe connection", everyone=True)
        except (OSError, smtplib.SMTPException) as error:
            reason = type(error).__name__
            return Ambiguous(reason) if handed_over else Again(SOON, reason, everyone=True)
        return Sent(message_id(message.key, self._settings.from_address))

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        """A server that knows us. What goes wrong after our mail was taken does not matter any more."""
        host, port = self._settings.host, self._settings.port
        trust = self._trust or ssl.create_default_context()
        if port == TLS_PORT:
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=self._patience, context=trust)
        else:
            server = smtplib.SMTP(host, port, timeout=self._patience)
        try:
            if self._settings.starttls and port != TLS_PORT:
                server.starttls(context=trust)
            server.ehlo_or_helo_if_needed()
            if self._settings.username:
                server.login(self._settings.username, self._settings.password.reveal())
            yield server
        finally:
            _leave(server)


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID of a key: always the same, and it tells nothing of the key."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "civicloop.invalid"
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"


def _add_ways_out(mail: EmailMessage, sender: str, link: str) -> None:
    """Say how a reader's program stops these mails: with one click (RFC 8058) where the page is safe, or by mail."""
    ways = [f"<{link}>"] if link else []
    mail["List-Unsubscribe"] = ", ".join([*ways, f"<mailto:{sender}?subject=STOP>"])
    if link.startswith("https:"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _with_way_out(message: Outbound, link: str) -> str:
    """Return the text with the link; a mail with HTML as well is a digest, which says itself how to end it."""
    if not link or (message.mail and message.mail.html):
        return message.text
    return f"{message.text.rstrip()}\n\n{texts(message.language)('mail.leave', url=link)}\n"


def _add_body(mail: EmailMessage, message: Outbound) -> None:
    if message.mail is None:
        if message.picture is not None:
            mail.add_attachment(message.picture.png, maintype="image", subtype="png", filename="chart.png")
        return
    if not message.mail.html:
        return
    mail.add_alternative(message.mail.html, subtype="html")
    html = mail.get_payload()[-1]  # type: ignore[index]
    for cid, picture in message.mail.inline.items():
        _add_inline(html, cid, picture)  # type: ignore[arg-type]
    for name, pdf in message.mail.papers.items():
        mail.add_attachment(pdf, maintype="application", subtype="pdf", filename=name)


def _add_inline(html: EmailMessage, cid: str, picture: Picture) -> None:
    html.add_related(
        picture.png, maintype="image", subtype="png", cid=f"<{cid}>", disposition="inline", filename=f"{cid}.png"
    )
    html.get_payload()[-1]["Content-Description"] = picture.alt  # type: ignore[index]


def _expect(
    reply: tuple[int, bytes], error: type[smtplib.SMTPResponseException] = smtplib.SMTPResponseException
) -> None:
    code, words = reply
    if not 200 <= code < 300:
        raise error(code, words)


def _refusal(error: smtplib.SMTPResponseException) -> Receipt:
    """Read a reply of the server (RFC 5321): 4xx for now, 5xx for good."""
    code, words = error.smtp_code, error.smtp_error
    found = _ENHANCED.match(words if isinstance(words, bytes) else words.encode())
    reason = f"SMTP {code} {found[0].decode()}" if found else f"SMTP {code}"
    match error:
        case smtplib.SMTPAuthenticationError():
            return Again(LATER, f"the mail server refuses our login: {reason}", everyone=True)
        case smtplib.SMTPConnectError() | smtplib.SMTPHeloError():
            return Again(SOON, reason, everyone=True)
        case _ if code == 421:
            return Again(SOON, reason, everyone=True)
        case _ if 400 <= code < 500:
            return Again(SOON, reason)
    nobody = code in NO_MAILBOX and (found is None or _NOBODY.fullmatch(found[0]) is not None)
    return Gone(reason, unreachable=nobody and isinstance(error, _AddressRefused))


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()
