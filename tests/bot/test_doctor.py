"""Doctor looks at an installation and says what to do, in words an IT person acts on."""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import update

from bot import config, doctor
from bot.digests.render import letters
from bot.doctor import Health
from bot.settings import Secret
from flows.catalog import Catalog
from flows.issues import Issue
from storage import alarms, contacts, flow_versions, inbox, migrate, outbox, people, tables, threads, trail
from storage.database import Database
from storage.sealing import Keys
from tests.storage.makers import add_round
from tests.support.model import KEY, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.config import Config
    from bot.doctor import Finding

NOW = datetime(2026, 11, 22, 19, tzinfo=UTC)
CATALOG = Catalog.load()
TOKEN = "42:hunter2hunter2hunter2"


def a_config(folder: Path, **environ: str) -> Config:
    """Return a configuration whose data lie in `folder`."""
    known = {
        "CIVICLOOP_DATABASE__URL": f"sqlite:///{folder}/civicloop.sqlite3",
        "CIVICLOOP_DATABASE__FILES": str(folder / "files"),
        "CIVICLOOP_PRIVACY__KEY_FILE": str(folder / "keys"),
        "CIVICLOOP_WEB__PORT": str(free_port()),
    }
    return config.load(None, known | environ)


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def found(findings: Iterator[Finding] | list[Finding], what: str) -> Finding:
    """Return the worst finding about `what`."""
    return max((each for each in findings if each.what == what), key=lambda each: list(Health).index(each.health))


def examined(config: Config) -> list[Finding]:
    """Look at everything."""
    return list(doctor.examine(config, NOW, CATALOG))


@contextmanager
def telegram(answers: dict[str, tuple[int, dict[str, Any]]]) -> Iterator[str]:
    """Answer `/bot<token>/<method>` as told, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers[self.path.rpartition("/")[2]]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


KNOWN = {"ok": True, "result": {"id": 42, "is_bot": True, "username": "rivermouth_bot"}}


def hook(url: str = "", **more: str) -> dict[str, Any]:
    """Return what Telegram says of our webhook."""
    return {"ok": True, "result": {"url": url, **more}}


def test_a_fresh_installation_has_nothing_broken(tmp_path: Path) -> None:
    findings = examined(a_config(tmp_path))
    assert not [str(each) for each in findings if each.health is Health.FAIL]
    assert found(findings, "database").health is Health.WARN
    assert found(findings, "configuration").health is Health.WARN
    assert list(tmp_path.iterdir()) == []


def test_a_running_installation_is_well(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    Keys.load(it.privacy.key_file, lambda: "0123456789" * 5)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    database.close()
    findings = examined(it)
    for what in (
        "keys",
        "database",
        "messages received",
        "messages to send",
        "digests",
        "web",
        "flows",
        "clock",
        "Python",
    ):
        assert found(findings, what).health is Health.OK, found(findings, what)


def test_services_with_nobody_to_read_human_are_named_and_those_where_citizens_wait_are_a_fault(tmp_path: Path) -> None:
    it = a_config(tmp_path, CIVICLOOP_MAIL__HOST="127.0.0.1", CIVICLOOP_MAIL__FROM_ADDRESS="city@city.example")
    keys = Keys.load(it.privacy.key_file, lambda: "0123456789" * 5)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    first, *others = [service.key for service in it.services]
    with database.transaction() as db:
        person = people.add(db, "Maya", "en", NOW)
        for service in (first, others[0]):
            people.grant(db, person.id, "manager", service, NOW)
        mail = contacts.NewContact("mail", b"m" * 32, keys.seal("maya@city.example"), "en", NOW, person.id)
        web = contacts.NewContact("web", b"w" * 32, keys.seal("cookie"), "en", NOW)
        reader, citizen = contacts.add(db, [mail, web])
    finding = found(examined(it), "HUMAN")
    assert finding.health is Health.WARN
    assert finding.seen.startswith(f"nobody of {', '.join(others[1:])} can be told")
    assert "--mail" in finding.do
    finding = found(examined(replace(it, mail=replace(it.mail, host=""))), "HUMAN")
    assert finding.seen.startswith(f"nobody of {', '.join((first, *others))} can be told")
    assert finding.seen.endswith(f"; mail is off, the only way to those of {first}, {others[0]}")
    assert "Set [mail] host and from_address, or let somebody send the bot, in a chat, the /start line" in finding.do
    assert "--mail" not in finding.do
    with database.transaction() as db:
        contacts.set_unreachable(db, reader.id, NOW)
        thread = threads.open_(db, "K7M2", citizen.id, first, NOW)
        threads.add(db, threads.NewWords(thread.id, NOW, threads.CITIZEN, b"sealed"))
    finding = found(examined(it), "HUMAN")
    assert finding.health is Health.FAIL
    assert finding.seen == f"1 citizens wait, and nobody of {first} is told"
    assert f"--service {first}" in finding.do
    database.close()


def test_languages_nobody_has_reviewed_are_named(tmp_path: Path) -> None:
    finding = found(examined(a_config(tmp_path)), "languages")
    assert (finding.health, finding.seen) == (Health.WARN, "nobody has reviewed es")


def test_messages_that_wait_too_long_are_told(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    keys = Keys.load(it.privacy.key_file, lambda: "0123456789" * 5)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    with database.transaction() as db:
        inbox.accept(db, [_Arrival()], NOW - timedelta(minutes=42), keys)
    database.close()
    late = found(examined(it), "messages received")
    assert late.health is Health.FAIL
    assert "42 minutes" in late.seen
    assert "civicloop run" in late.do


def test_messages_tried_in_vain_are_told_with_the_reason(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    keys = Keys.load(it.privacy.key_file, lambda: "0123456789" * 5)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    ago = NOW - timedelta(minutes=42)
    with database.transaction() as db:
        (ada,) = contacts.add(db, [contacts.NewContact("mail", b"h", keys.seal("a@b.example"), "en", ago)])
        outbox.enqueue(db, [outbox.NewMessage("k", ada.id, "mail", outbox.REPLY, "{}", ago, ago)])
        (row,) = outbox.claim(db, "mail", "me", ago, timedelta(seconds=10), 1)
        outbox.settle(db, [outbox.postpone(row, NOW + timedelta(hours=1), "the mail server refuses our login")], "me")
    database.close()
    vain = [each for each in examined(it) if each.what == "messages to send" and each.health is Health.FAIL]
    assert [each.seen for each in vain] == ["1 tried in vain, the last: the mail server refuses our login"]


def test_digests_that_nobody_wrote_are_told(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    with database.transaction() as db:
        long_ago = NOW - timedelta(days=30)
        person = people.add(db, "Ada", "en", long_ago)
        people.grant(db, person.id, "manager", "library", long_ago)
    database.close()
    assert found(examined(it), "digests").seen == "late: 1 not written, 0 not sent, for over an hour"


def test_alarms_that_reached_nobody_are_told(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    keys = Keys.load(it.privacy.key_file, lambda: "0123456789" * 5)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    with database.transaction() as db:
        (ada,) = contacts.add(db, [contacts.NewContact("web", b"h", keys.seal("a"), "en", NOW)])
        alarms.sound(db, b"1", "library", NOW, contact_id=ada.id)
    database.close()
    told = found(examined(it), "alarms")
    assert told.health is Health.WARN
    assert told.seen == "1 of danger reached nobody"


class _Arrival:
    channel = "web"
    external_id = "1"
    body = b"{}"


def test_what_is_past_its_date_and_still_there_is_told(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    keys = Keys.load(it.privacy.key_file, lambda: "0123456789" * 5)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    assert found(examined(it), "privacy").health is Health.OK
    with database.transaction() as db:
        inbox.accept(db, [_Arrival()], NOW - timedelta(days=40), keys)
    database.close()
    finding = found(examined(it), "privacy")
    assert finding.health is Health.WARN
    assert "updates_waiting 1" in finding.seen


def test_keys_that_others_can_read_are_told(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    it.privacy.key_file.write_text("x", encoding="utf-8")
    it.privacy.key_file.chmod(0o644)
    finding = found(examined(it), "keys")
    assert finding.health is Health.FAIL
    assert finding.do == f"Close it: chmod 600 {it.privacy.key_file}"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert found(examined(a_config(tmp_path)), "folder").health is Health.FAIL


def test_a_database_of_an_older_version_is_told(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    database = Database.open(it.database.url)
    with database.transaction() as db:
        db.exec_driver_sql("create table something (id integer)")
    database.close()
    assert found(examined(it), "database").health is not Health.OK


def test_half_a_copy_is_told_with_the_command_that_ends_it(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    migrate.begin_copy(database)
    database.close()
    finding = found(examined(it), "database")
    assert finding.health is Health.FAIL
    assert "civicloop migrate --from" in finding.do


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path: Path) -> None:
    it = a_config(tmp_path, CIVICLOOP_DATABASE__URL=f"postgresql://u:hunter2@127.0.0.1:{free_port()}/d")
    finding = found(examined(it), "database")
    assert finding.health is Health.FAIL
    assert "hunter2" not in str(finding)


def test_a_bot_that_telegram_knows_is_named(tmp_path: Path) -> None:
    with telegram({"getMe": (200, KNOWN), "getWebhookInfo": (200, hook())}) as base:
        it = a_config(tmp_path, CIVICLOOP_TELEGRAM__TOKEN=TOKEN, CIVICLOOP_TELEGRAM__BASE_URL=base)
        findings = list(doctor.telegram(it))
    assert [each.health for each in findings] == [Health.OK, Health.OK]
    assert "@rivermouth_bot" in findings[0].seen


@pytest.mark.parametrize(
    ("answers", "seen"),
    [
        ({"getMe": (401, {"ok": False})}, "does not know the token"),
        ({"getMe": (502, {"ok": False})}, "answers 502"),
        ({"getMe": (200, KNOWN), "getWebhookInfo": (200, hook("https://other.example/t"))}, "calls https://other"),
    ],
)
def test_what_is_wrong_with_telegram_is_told(
    tmp_path: Path, answers: dict[str, tuple[int, dict[str, Any]]], seen: str
) -> None:
    with telegram(answers) as base:
        it = a_config(tmp_path, CIVICLOOP_TELEGRAM__TOKEN=TOKEN, CIVICLOOP_TELEGRAM__BASE_URL=base)
        finding = list(doctor.telegram(it))[-1]
    assert finding.health is not Health.OK
    assert seen in finding.seen
    assert "hunter2" not in str(finding)


def test_a_telegram_out_of_reach_is_told_without_the_token(tmp_path: Path) -> None:
    base = f"http://127.0.0.1:{free_port()}"
    it = a_config(tmp_path, CIVICLOOP_TELEGRAM__TOKEN=TOKEN, CIVICLOOP_TELEGRAM__BASE_URL=base)
    (finding,) = doctor.telegram(it)
    assert finding.seen == f"{base} does not answer (ConnectError)"
    assert "hunter2" not in str(finding)


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        it = a_config(tmp_path, CIVICLOOP_WEB__PORT=str(other.getsockname()[1]))
        finding = found(doctor.web(it), "web")
    assert finding.health is Health.FAIL
    assert "choose another [web] port" in finding.do


def test_another_bot_is_not_taken_for_this_one(tmp_path: Path) -> None:
    with telegram({"healthz": (200, {})}) as base:
        it = a_config(tmp_path, CIVICLOOP_WEB__PORT=str(urlsplit(base).port))
        assert "another bot than this one" in found(doctor.web(it), "web").seen
        database = Database.open(it.database.url)
        with database.transaction() as db:
            db.exec_driver_sql("create table something (id integer)")
        database.close()
        assert "the bot is running" in found(doctor.web(it), "web").seen


def test_a_database_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    it = a_config(tmp_path)
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)  # as for a user without the right
    finding = next(iter(doctor.database(it, NOW)))
    assert finding.health is Health.FAIL
    assert "cannot be made" in finding.seen


def test_an_address_without_encryption_is_told(tmp_path: Path) -> None:
    it = a_config(tmp_path, CIVICLOOP_WEB__PUBLIC_URL="http://voice.rivermouth.example")
    assert "is not encrypted" in found(doctor.web(it), "web").seen


@pytest.mark.parametrize("url", ["", "http://localhost:8080", "http://[::1]:8080", "http://127.8.9.1"])
def test_an_address_that_no_phone_can_open_is_told(url: str, tmp_path: Path) -> None:
    finding = found(doctor.web(a_config(tmp_path, CIVICLOOP_WEB__PUBLIC_URL=url)), "public address")
    assert finding.health is Health.WARN
    assert "people's phones cannot open" in finding.seen
    assert "[web] public_url" in finding.do


@pytest.mark.parametrize("url", ["https://voice.rivermouth.example", "http://192.168.0.7:8080", "http://[2001:db8::1]"])
def test_an_address_that_phones_can_open_is_well(url: str, tmp_path: Path) -> None:
    finding = found(doctor.web(a_config(tmp_path, CIVICLOOP_WEB__PUBLIC_URL=url)), "public address")
    assert finding.health is Health.OK


class _Mailbox:
    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - the library's name
        return "250 OK"


def mail_config(folder: Path, port: int, **environ: str) -> Config:
    """Return a configuration with a mail server on this machine."""
    known = {
        "CIVICLOOP_MAIL__HOST": "127.0.0.1",
        "CIVICLOOP_MAIL__PORT": str(port),
        "CIVICLOOP_MAIL__STARTTLS": "false",
        "CIVICLOOP_MAIL__FROM_ADDRESS": "a@b.example",
    }
    return a_config(folder, **known | environ)


def test_a_mail_server_that_answers_is_well(tmp_path: Path) -> None:
    server = Controller(_Mailbox(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        assert doctor.mail(mail_config(tmp_path, server.port)).health is Health.OK
    finally:
        server.stop()


def test_a_mail_server_that_refuses_the_sign_in_is_told(tmp_path: Path) -> None:
    def nobody(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    server = Controller(
        _Mailbox(), hostname="127.0.0.1", port=free_port(), authenticator=nobody, auth_require_tls=False
    )
    server.start()
    try:
        it = mail_config(tmp_path, server.port, CIVICLOOP_MAIL__USERNAME="u", CIVICLOOP_MAIL__PASSWORD="hunter2")
        finding = doctor.mail(it)
    finally:
        server.stop()
    assert "refuses the sign-in" in finding.seen
    assert "hunter2" not in str(finding)


def test_a_mail_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    finding = doctor.mail(mail_config(tmp_path, free_port()))
    assert finding.health is Health.FAIL
    assert "does not answer" in finding.seen


def test_a_mail_server_without_encryption_is_told(tmp_path: Path) -> None:
    server = Controller(_Mailbox(), hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        finding = doctor.mail(mail_config(tmp_path, server.port, CIVICLOOP_MAIL__STARTTLS="true"))
    finally:
        server.stop()
    assert finding.health is Health.FAIL
    assert "does not speak as expected" in finding.seen


@pytest.mark.parametrize(
    ("url", "key", "status", "seen"),
    [
        ("", "", 200, "ok    language model: off"),
        ("{url}", KEY, 200, "ok    language model: tiny at"),
        ("{url}", "another", 200, "refuses the key"),
        ("{url}", KEY, 500, "answers 500"),
        ("{url}/chat", KEY, 200, "answers 404"),
        ("http://127.0.0.1:9/v1", KEY, 200, "does not answer (ConnectError)"),
        ("{url}", "schlüssel", 200, "letters that no key has"),
    ],
)
def test_how_the_language_model_stands_is_told(url: str, key: str, status: int, seen: str) -> None:
    with serving() as server:
        server.status = status
        settings = replace(server.settings(), url=url.format(url=server.url), key=Secret(key))
        finding = str(doctor.model(replace(config.load(None, {}), model=settings)))
    assert seen in finding
    assert not key or key not in finding


def speaking(*languages: str) -> config.Config:
    plain = config.load(None, {})
    return replace(plain, city=replace(plain.city, languages=languages))


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the machine have no font of its own."""
    monkeypatch.setattr(letters, "_of_the_machine", tuple)
    letters._chosen.cache_clear()
    yield
    letters._chosen.cache_clear()


@pytest.mark.usefixtures("no_fonts")
def test_the_languages_that_come_with_it_need_no_font_of_the_machine() -> None:
    assert doctor.scripts(speaking("en", "de", "es", "fr", "pt", "ar", "uk", "el", "he")).health is Health.OK


@pytest.mark.usefixtures("no_fonts")
def test_a_language_whose_letters_nothing_has_is_named() -> None:
    found = doctor.scripts(speaking("en", "hi", "xx", "zh-Hant"))
    assert found.health is Health.WARN
    assert "letters of hi, zh-Hant:" in found.seen
    assert "fonts-noto-core" in found.do


def test_flows_with_faults_are_counted() -> None:
    finding = doctor.flows([Issue("ideas.toml", 10, "no state", "unknown-state")])
    assert finding.health is Health.FAIL
    assert "1 faults, the first: ideas.toml, line 10: no state" in finding.seen


def test_a_bot_has_a_name_where_telegram_says_so(tmp_path: Path) -> None:
    with telegram({"getMe": (200, KNOWN)}) as base:
        settings = {"CIVICLOOP_TELEGRAM__TOKEN": TOKEN, "CIVICLOOP_TELEGRAM__BASE_URL": base}
        assert doctor.username(a_config(tmp_path, **settings)) == "rivermouth_bot"
    assert doctor.username(a_config(tmp_path, **settings)) is None, "nobody answers any more"
    assert doctor.username(a_config(tmp_path)) is None


def test_rounds_that_ask_something_else_and_documents_that_are_gone_are_told(tmp_path: Path) -> None:
    it = a_config(tmp_path)
    Keys.load(it.privacy.key_file, lambda: "0123456789" * 5)
    database = Database.open(it.database.url)
    migrate.upgrade(database)
    assert found(examined(it), "rounds").health is Health.OK
    with database.transaction() as db:
        row = add_round(db, record=json.dumps({"documents": {"plan.pdf": f"{'0' * 64} The plan"}}))
        flow_versions.publish(db, row.flow, row.version, "a" * 64, "{}", NOW)
        trail.add(db, row.id, NOW, "Olga", "opened")
    told = found(examined(it), "rounds")
    assert (told.health, told.seen.rpartition(": ")[2]) == (Health.FAIL, "plan.pdf of library")
    with database.transaction() as db:
        db.execute(update(tables.flow_versions).values(source="[]"))
    database.close()
    told = found(examined(it), "rounds")
    assert (told.health, told.seen.rpartition(": ")[2]) == (Health.FAIL, "library")
