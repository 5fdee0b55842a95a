"""Mail, against a real SMTP server."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot import letters
from bot.channels.base import Again, Ambiguous, Gone, Mail, Outbound, Picture, Sent
from bot.channels.mail import MailChannel, message_id
from bot.config import Mail as Settings
from bot.config import Secret
from bot.digests import render
from bot.texts import languages, texts
from tests.bot.channels.contract import SendingContract, Shown
from tests.bot.digests import sample

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from email.message import EmailMessage, MIMEPart
    from pathlib import Path

    from aiosmtpd.smtp import Envelope, Session

    from bot.channels.base import Raw

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
MARIA = "maria@city.example"
SENDER = "Voice of Rivermouth <voice@city.example>"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@dataclass
class Postman:
    """What the server does with mails; `answers` holds replies to give instead, by address and by command."""

    received: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    silent: float = 0.0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers.pop("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        if "DATA" in self.answers:
            return self.answers.pop("DATA")
        assert isinstance(envelope.content, bytes)
        self.received.append(message_from_bytes(envelope.content.replace(b"\r\n", b"\n"), policy=default))
        self.recipients += envelope.rcpt_tos
        await asyncio.sleep(self.silent)
        return "250 OK"


class Office(Controller):
    """A server on a free port."""

    def __init__(self, postman: Postman, **options: Any) -> None:
        super().__init__(postman, hostname="127.0.0.1", port=0, **options)

    def _trigger_server(self) -> None:
        """Learn the port the system gave before the first knock on it."""
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@pytest.fixture
def postman() -> Postman:
    return Postman()


@pytest.fixture
def office(postman: Postman) -> Iterator[Office]:
    controller = Office(postman)
    controller.start()
    yield controller
    controller.stop()


def settings(port: int, **changes: object) -> Settings:
    plain = Settings("127.0.0.1", port, "", Secret(""), SENDER, starttls=False)
    return replace(plain, **changes)  # type: ignore[arg-type]


def mailer(port: int, **changes: object) -> MailChannel:
    return MailChannel(settings(port, **changes), "News for you", lambda: NOW, patience=5)


@pytest.fixture
def channel(office: Office) -> MailChannel:
    return mailer(office.port)


def letter(**changes: object) -> Outbound:
    chart = Picture(PNG, "A line: 68 % of 50 said good.")
    html = '<p>Hola, año</p><img src="cid:chart" alt="A line">'
    mail = Mail("Biblioteca: semana 47, ¿qué tal? ñ", html, {"chart": chart})
    plain = Outbound(key="digest:1:library:2026-W47:mail", address=MARIA, text="Hola, año\n", mail=mail, language="es")
    return replace(plain, **changes)  # type: ignore[arg-type]


# --------------------------------------------------------------------------- what arrives


async def test_a_digest_arrives_as_text_html_and_inline_chart(channel: MailChannel, postman: Postman) -> None:
    """A reader's program finds all three, with the words and the picture unchanged."""
    assert isinstance(await channel.send(letter()), Sent)
    (mail,) = postman.received
    assert mail["Subject"] == "Biblioteca: semana 47, ¿qué tal? ñ"
    assert mail["To"] == MARIA
    assert postman.recipients == [MARIA]
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert text.get_content() == "Hola, año\n"
    assert html is not None
    assert 'src="cid:chart"' in html.get_content()
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture.get_content() == PNG
    assert picture["Content-ID"] == "<chart>"
    assert picture["Content-Description"] == "A line: 68 % of 50 said good."
    assert picture.get_content_disposition() == "inline"


@pytest.mark.parametrize("language", languages())
async def test_a_whole_digest_arrives_in_each_language(channel: MailChannel, postman: Postman, language: str) -> None:
    """All charts, letters of any script, the way out; what a reader's program shows is what was rendered."""
    text, mail = render.mail(sample.digest(), texts(language), "https://city.example/manage/digests/library/2026-W47")
    assert isinstance(await channel.send(letter(text=text, mail=mail, language=language)), Sent)
    (came,) = postman.received
    plain, html = came.get_body(("plain",)), came.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().splitlines() == text.splitlines()
    assert html.get_content().splitlines() == mail.html.splitlines()
    pictures = {
        part["Content-ID"]: part.get_content() for part in came.walk() if part.get_content_type() == "image/png"
    }
    assert pictures == {f"<{name}>": picture.png for name, picture in mail.inline.items()}
    assert len(pictures) == 3
    assert came["Subject"].split() == mail.subject.split()
    assert came["List-Unsubscribe"]


async def test_a_paper_lies_in_the_mail_beside_what_is_read(channel: MailChannel, postman: Postman) -> None:
    mail = letter().mail
    assert mail is not None
    sent = letter(mail=replace(mail, papers={"library-2026-W47.pdf": b"%PDF-1.7 paper"}))
    assert letters.read(letters.write(sent), sent.key, sent.address) == sent
    await channel.send(sent)
    (came,) = postman.received
    (paper,) = list(came.iter_attachments())
    assert (paper.get_content_type(), paper.get_filename()) == ("application/pdf", "library-2026-W47.pdf")
    assert paper.get_content() == b"%PDF-1.7 paper"
    assert came.get_body(("html",)) is not None
    assert [part["Content-ID"] for part in came.walk() if part.get_content_type() == "image/png"] == ["<chart>"]


async def test_a_mail_says_that_a_machine_sent_it_and_how_to_end_it(channel: MailChannel, postman: Postman) -> None:
    """Out-of-office answers stay away, and there is a way out."""
    await channel.send(letter())
    (mail,) = postman.received
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] == "<mailto:voice@city.example?subject=STOP>"
    assert mail["Content-Language"] == "es"
    assert mail["Date"].datetime == NOW


async def test_a_mail_can_be_stopped_with_one_click(office: Office, postman: Postman) -> None:
    """RFC 8058: the page must be safe; elsewhere the link stands without the promise of one click."""
    invitation = letter(mail=Mail("Tell us", ""), text="Read more\n", language="de")
    for host, one_click in (("https://city.example", "List-Unsubscribe=One-Click"), ("http://127.0.0.1:8080", None)):
        url = f"{host}/stop/{'x' * 120}"
        channel = MailChannel(settings(office.port), "News", lambda: NOW, leave=partial(str.format, url), patience=5)
        await channel.send(invitation)
        mail = postman.received[-1]
        assert mail["List-Unsubscribe"] == f"<{url}>, <mailto:voice@city.example?subject=STOP>"
        assert mail["List-Unsubscribe-Post"] == one_click
        says = f"Um keine Mails mehr von uns zu bekommen, öffnen Sie diese Seite: {url}"
        assert mail.get_content() == f"Read more\n\n{says}\n"


async def test_the_same_key_has_the_same_message_id(channel: MailChannel, postman: Postman) -> None:
    """A repeat after an unknown fate is recognised; another key is another mail."""
    receipts = [await channel.send(letter()) for _ in range(2)]
    await channel.send(letter(key="another"))
    first, again, other = (mail["Message-ID"] for mail in postman.received)
    assert first == again != other
    assert receipts[0] == Sent(first) == Sent(message_id("digest:1:library:2026-W47:mail", SENDER))
    assert "library" not in first


async def test_a_message_without_mail_form_goes_as_plain_text(channel: MailChannel, postman: Postman) -> None:
    """It is headed by the city; a picture is attached."""
    await channel.send(letter(mail=None, picture=Picture(PNG, "A line")))
    (mail,) = postman.received
    assert mail["Subject"] == "News for you"
    assert [part.get_content_type() for part in mail.iter_attachments()] == ["image/png"]


async def test_a_subject_of_two_lines_adds_no_header(channel: MailChannel, postman: Postman) -> None:
    """A title someone typed cannot smuggle in a recipient."""
    await channel.send(letter(mail=Mail("Library\r\nBcc: eve@elsewhere.example", "<p>x</p>")))
    (mail,) = postman.received
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Library Bcc: eve@elsewhere.example"


@pytest.mark.parametrize("address", ["", "maria", "a@b\r\nRCPT TO:<eve@x.example>", "a b@c.example", "josé@ñ.example"])
async def test_what_is_no_address_is_gone(channel: MailChannel, postman: Postman, address: str) -> None:
    """Nothing is said to the server about it."""
    assert isinstance(await channel.send(letter(address=address)), Gone)
    assert postman.received == []


# --------------------------------------------------------------------------- what the world does


@pytest.mark.parametrize(
    ("command", "answer", "receipt"),
    [
        ("RCPT", "550 5.1.1 maria@city.example: no such user", Gone("SMTP 550 5.1.1")),
        ("RCPT", "550 no such user", Gone("SMTP 550")),
        ("RCPT", "550 5.7.1 maria@city.example: blocked by a list", Gone("SMTP 550 5.7.1", unreachable=False)),
        ("RCPT", "553 5.1.8 your sender does not exist", Gone("SMTP 553 5.1.8", unreachable=False)),
        ("RCPT", "552 5.2.2 mailbox full", Gone("SMTP 552 5.2.2", unreachable=False)),
        ("RCPT", "451 4.7.1 greylisted", Again(timedelta(minutes=5), "SMTP 451 4.7.1")),
        ("DATA", "550 5.7.1 looks like spam", Gone("SMTP 550 5.7.1", unreachable=False)),
        ("DATA", "550 rejected", Gone("SMTP 550", unreachable=False)),
        ("DATA", "554 5.7.1 spam", Gone("SMTP 554 5.7.1", unreachable=False)),
        ("DATA", "451 4.3.0 maria@city.example: later", Again(timedelta(minutes=5), "SMTP 451 4.3.0")),
        ("DATA", "421 4.3.2 closing", Again(timedelta(minutes=5), "SMTP 421 4.3.2", everyone=True)),
    ],
)
async def test_a_refusal_is_read_by_its_code(
    channel: MailChannel, postman: Postman, command: str, answer: str, receipt: object
) -> None:
    """For good, or for now; the reason never repeats the address."""
    postman.answers[command] = answer
    assert await channel.send(letter()) == receipt


async def test_silence_after_the_mail_was_handed_over_is_ambiguous(office: Office, postman: Postman) -> None:
    """It may have arrived, so it will be sent again under the same Message-ID."""
    postman.silent = 0.6
    channel = MailChannel(settings(office.port), "News", lambda: NOW, patience=0.2)
    assert isinstance(await channel.send(letter()), Ambiguous)
    assert len(postman.received) == 1


async def test_no_server_means_later_for_everyone(postman: Postman) -> None:
    """Nothing was handed over, so nothing can arrive twice."""
    office = Office(postman)
    office.start()
    office.stop()
    receipt = await mailer(office.port).send(letter())
    assert isinstance(receipt, Again)
    assert receipt.everyone


async def test_a_server_without_encryption_gets_nothing_where_it_is_asked_for(office: Office, postman: Postman) -> None:
    """The password and the mail are not sent in the clear."""
    receipt = await mailer(office.port, starttls=True, username="voice").send(letter())
    assert isinstance(receipt, Again)
    assert receipt.everyone
    assert postman.received == []


# --------------------------------------------------------------------------- encryption and login


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paper, secret = folder / "paper.pem", folder / "key.pem"
    paper.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return paper, secret


@pytest.fixture
def safe_office(postman: Postman, certificate: tuple[Path, Path]) -> Iterator[Office]:
    papers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    papers.load_cert_chain(*certificate)

    def known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object) -> AuthResult:
        return AuthResult(success=getattr(given, "password", b"") == b"correct", handled=False)

    controller = Office(postman, tls_context=papers, require_starttls=True, authenticator=known, auth_required=True)
    controller.start()
    yield controller
    controller.stop()


async def test_login_and_encryption(safe_office: Office, postman: Postman, certificate: tuple[Path, Path]) -> None:
    """STARTTLS with a certificate we trust, then the account; only then the mail."""
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    safe = settings(safe_office.port, starttls=True, username="voice", password=Secret("correct"))
    channel = MailChannel(safe, "News", lambda: NOW, trust=trust, patience=5)
    assert isinstance(await channel.send(letter()), Sent)
    assert len(postman.received) == 1


async def test_encryption_from_the_first_byte(
    postman: Postman, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the port for it, here another one because the real one is the system's."""
    papers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    papers.load_cert_chain(*certificate)
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    office = Office(postman, ssl_context=papers)
    monkeypatch.setattr("ssl._create_unverified_context", lambda: trust)
    office.start()
    monkeypatch.setattr("bot.channels.mail.TLS_PORT", office.port)
    receipt = await MailChannel(settings(office.port), "News", lambda: NOW, trust=trust, patience=5).send(letter())
    office.stop()
    assert isinstance(receipt, Sent)
    assert len(postman.received) == 1


async def test_a_wrong_password_pauses_the_channel(safe_office: Office, certificate: tuple[Path, Path]) -> None:
    """It says who must act, without the password."""
    trust = ssl.create_default_context(cafile=str(certificate[0]))
    safe = settings(safe_office.port, starttls=True, username="voice", password=Secret("hunter2"))
    receipt = await MailChannel(safe, "News", lambda: NOW, trust=trust, patience=5).send(letter())
    assert isinstance(receipt, Again)
    assert receipt.everyone
    assert "refuses our login" in receipt.reason
    assert "hunter2" not in repr(receipt)


async def test_an_untrusted_certificate_gets_nothing(safe_office: Office, postman: Postman) -> None:
    """Somebody in between learns neither mail nor password."""
    safe = settings(safe_office.port, starttls=True, username="voice", password=Secret("correct"))
    receipt = await MailChannel(safe, "News", lambda: NOW, patience=5).send(letter())
    assert isinstance(receipt, Again)
    assert postman.received == []


# --------------------------------------------------------------------------- the contract of all channels


def plain(body: MIMEPart) -> str:
    """A text as a mail program shows it: lines end as they do here."""
    return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class MailWorld:
    """The far side of mail."""

    postman: Postman
    address: str = MARIA
    troubles: Mapping[str, type] = field(default_factory=lambda: {"550": Gone, "451": Again, "421": Again})

    async def shown(self) -> Sequence[Shown]:
        bodies = [mail.get_body(("plain",)) for mail in self.postman.received]
        return [Shown(plain(body).removesuffix("\n")) for body in bodies if body is not None]

    async def suffer(self, trouble: str) -> None:
        self.postman.answers["RCPT"] = f"{trouble} trouble"

    async def tap(self, label: str) -> Raw:
        raise NotImplementedError


@pytest.fixture
def world(postman: Postman) -> MailWorld:
    return MailWorld(postman)


class TestMailSends(SendingContract):
    """Mail keeps the sending half of the contract."""


async def test_listening_waits_until_cancelled(channel: MailChannel) -> None:
    """Nothing arrives, and nothing ends the wait but the program's end."""

    async def accept(raws: Sequence[Raw]) -> None:
        raise AssertionError

    task = asyncio.create_task(channel.listen(accept))
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
