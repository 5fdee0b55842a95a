"""What is wrong with an installation, in words a city's IT person acts on.

Each check looks at one thing and returns findings: well, worth a look, or broken, with what to do. Nothing is changed:
a database that is not there yet is not made, and no message is sent.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import ssl
import sys
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
from babel import Locale, UnknownLocaleError

from bot import translating
from bot.rounds.links import only_here
from bot.threads import answered_for
from storage import alarms, inbox, migrate, outbox, retention, rounds, rulings, threads, trail
from storage.database import Database, StorageTrouble
from storage.unlocking import refuse_changing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.config import Config
    from flows.catalog import Catalog
    from flows.issues import Issue

PATIENCE = 5.0
"""Seconds a server may take to answer."""
ROOM = 500 * 2**20
"""Bytes that should be free where the data lies."""
OLDEST_FILES: tuple[int, int] = (3, 11)
LATE = timedelta(minutes=10)


class Health(StrEnum):
    """How one thing stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it stands, what was seen, and what to do where it is not well."""

    health: Health
    what: str
    seen: str
    do: str = ""

    def __str__(self) -> str:
        return f"{self.health:<4}  {self.what}: {self.seen}" + (f"\n      {self.do}" if self.do else "")


def ok(what: str, seen: str) -> Finding:
    """Return a finding that all is well."""
    return Finding(Health.OK, what, seen)


def warn(what: str, seen: str, do: str) -> Finding:
    """Return a finding that is worth a look."""
    return Finding(Health.WARN, what, seen, do)


def fail(what: str, seen: str, do: str) -> Finding:
    """Return a finding that keeps something from working."""
    return Finding(Health.FAIL, what, seen, do)


def examine(config: Config, now: datetime, catalog: Catalog) -> Iterator[Finding]:
    """Look at everything, one after the other."""
    yield python()
    yield city(config)
    yield from folders(config)
    yield keys(config)
    yield from database(config, now)
    yield from telegram(config)
    yield mail(config)
    yield model(config)
    yield from web(config)
    yield flows(catalog.issues)
    yield languages(config, catalog)
    yield scripts(config)
    yield clock(config, now)


def python() -> Finding:
    """Look at the Python this runs on."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info < OLDEST_FILES:
        return fail("Python", version, "Install Python 3.11 or newer.")
    return ok("Python", version)


def city(config: Config) -> Finding:
    """Look whether the city is still the sample."""
    services = ", ".join(service.key for service in config.services)
    if config.sample:
        do = 'Write your own with "civicloop init" before citizens come.'
        return warn("configuration", f"the sample city {config.city.name}", do)
    return ok("configuration", f"{config.city.name}: {services}")


def folders(config: Config) -> Iterator[Finding]:
    """Look whether the folders can be written to and have room."""
    seen: set[Path] = set()
    for path in (config.database.file, config.database.files, config.privacy.key_file):
        folder = _standing(path.parent if path and path != config.database.files else path) if path else None
        if folder is None or folder in seen:
            continue
        seen.add(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            do = f"Give the user this runs as the right to write there: chown or chmod {folder}."
            yield fail("folder", f"{folder} cannot be written to", do)
            continue
        free = shutil.disk_usage(folder).free
        if free < ROOM:
            yield warn(
                "disk", f"{free // 2**20} MB free in {folder}", "Make room: the bot stops when the disk is full."
            )
        else:
            yield ok("disk", f"{free // 2**30} GB free in {folder}")


def _standing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there."""
    folder = folder.absolute()
    return folder if folder.is_dir() or folder == folder.parent else _standing(folder.parent)


def keys(config: Config) -> Finding:
    """Look whether the key file is there and closed to others."""
    path = config.privacy.key_file
    try:
        mode = path.stat().st_mode & 0o777
    except FileNotFoundError:
        return warn("keys", f"{path} is not there yet", "It is made at the first start. Then back it up.")
    except OSError as error:
        return fail(
            "keys", f"{path} cannot be read ({error.strerror})", "Give the user this runs as the right to read it."
        )
    if mode & 0o077:
        return fail("keys", f"{path} can be read by others (mode {mode:o})", f"Close it: chmod 600 {path}")
    if not os.access(path, os.R_OK):
        return fail("keys", f"{path} cannot be read", "Give the user this runs as the right to read it.")
    try:
        refuse_changing(path)
    except StorageTrouble as trouble:
        return fail("keys", str(trouble), "Until then no bot starts.")
    return ok("keys", f"{path}, closed to others")


def database(config: Config, now: datetime) -> Iterator[Finding]:
    """Look whether the database answers, has our tables, and moves."""
    file = config.database.file
    if file and not file.exists() and not os.access(folder := _standing(file.parent), os.W_OK):
        yield fail("database", f"{file} cannot be made: {folder} may not be written to", "Put [database] url right.")
        return
    if file and not file.exists():
        yield warn("database", f"{file} is not there yet", "It is made at the first start.")
        return
    try:
        opened = Database.open(config.database.url)
    except StorageTrouble as trouble:
        yield fail("database", str(trouble), "Put [database] url right.")
        return
    try:
        if (yield from _tables(opened)):
            yield from _queues(opened, now)
            yield written(opened, now, config)
            yield _alarms(opened)
            yield _overdue(opened, now, config)
            yield readers(opened, config)
            yield judged(opened, config)
            yield asked(opened, config)
    except StorageTrouble as trouble:
        yield fail("database", str(trouble), "Nothing works until this does.")
    finally:
        opened.close()


def _tables(opened: Database) -> Generator[Finding, None, bool]:
    """Look at the tables' version; return whether we can read them."""
    standing = migrate.check(opened)
    match standing:
        case "current":
            yield ok("database", f"{opened.shown}, up to date")
        case "empty":
            yield warn(
                "database",
                f"{opened.shown} is empty",
                'Its tables are made at the first start, or by "civicloop migrate".',
            )
        case "behind":
            yield fail("database", f"{opened.shown} is from an older version", 'Back it up, then: "civicloop migrate"')
        case "unfinished":
            do = 'Give the same "civicloop migrate --from … --to …" again.'
            yield fail("database", f"the copy into {opened.shown} was not finished", do)
        case _:
            yield fail(
                "database", f"{opened.shown} is from a newer version", "Install that version of civicloop again."
            )

    return standing == "current"


def _queues(opened: Database, now: datetime) -> Iterator[Finding]:
    with opened.reading() as db:
        waiting = {"messages received": inbox.oldest_waiting(db), "messages to send": outbox.oldest_due(db, now)}
        kept = inbox.counts(db)
        vain, said = outbox.failing(db, now - LATE)
    for what, oldest in waiting.items():
        if oldest and now - oldest > LATE:
            minutes = int((now - oldest).total_seconds() // 60)
            yield fail(
                what, f"the oldest has waited {minutes} minutes", 'Is the bot running? Start it: "civicloop run"'
            )
        else:
            yield ok(what, "none is late")
    if vain:
        yield fail(
            "messages to send", f"{vain} tried in vain, the last: {said}", "Put that right; they go by themselves."
        )
    if failed := kept.get(inbox.FAILED, 0) + kept.get(inbox.UNREADABLE, 0):
        do = 'See which and why, then try them again or drop them: "civicloop inbox list".'
        yield warn("messages received", f"{failed} could not be handled", do)


def _overdue(opened: Database, now: datetime, config: Config) -> Finding:
    """What is past its date and still there: the sweep does not run, or something keeps it from forgetting."""
    from bot.erasure import policy_of  # noqa: PLC0415 - slow to load, needed only where there are tables

    with opened.reading() as db:
        found = retention.overdue(db, now, policy_of(config.privacy))
    if not found:
        return ok("privacy", "nothing is kept past its date")
    said = ", ".join(f"{what} {rows}" for what, rows in sorted(found.items()))
    do = 'It goes within the hour while "civicloop run" runs. The rest waits to be handled, sent or counted: see above.'
    return warn("privacy", f"past its date and still there: {said}", do)


def _alarms(opened: Database) -> Finding:
    """Alarms that reached nobody: somebody wrote of danger, and no manager and no operator has an address."""
    with opened.reading() as db:
        waiting = len(alarms.untold(db))
    if not waiting:
        return ok("alarms", "none waits that reached nobody")
    do = "Invite a manager of the service, or an operator, and let them write to the bot once."
    return warn("alarms", f"{waiting} of danger reached nobody", do)


def written(opened: Database, now: datetime, config: Config) -> Finding:
    """Look whether digests are written, sent, and taken."""
    from bot.digests.writing import REFUSED, delay, refused, unreached, unwritten  # noqa: PLC0415 - slow to load, needed only where there are tables

    with opened.reading() as db:
        due, late, lost = unwritten(db, config, now), delay(db, config, now), refused(db, now - REFUSED)
        nobody = unreached(db, now - REFUSED)
    if late:
        do = 'Is the bot running? Start it: "civicloop run". What it says of mail and Telegram above comes first.'
        return fail("digests", f"late: {late.unwritten} not written, {late.unsent} not sent, for over an hour", do)
    if due:
        do = 'Is the bot running? Start it: "civicloop run". It writes them within some minutes.'
        return warn("digests", f"{len(due)} are due and not written", do)
    if lost:
        do = "See whether their readers' addresses are right; the log says what each channel answered."
        named = ", ".join(f"{service} {n}" for service, n in lost.items())
        return warn("digests", f"refused for good within a week: {sum(lost.values())} ({named})", do)
    if nobody:
        do = "Invite their readers anew, and let them write to the bot once: who sent STOP or never wrote gets nothing."
        named = ", ".join(f"{service} {n}" for service, n in nobody.items())
        return warn("digests", f"reached nobody within a week: {sum(nobody.values())} ({named})", do)
    return ok("digests", "none is due")


def readers(opened: Database, config: Config) -> Finding:
    """Look whether somebody of each service can be told what citizens write after HUMAN."""
    channels = {"web", *(["telegram"] if config.telegram.token else []), *(["mail"] if config.mail.host else [])}
    with opened.reading() as db:
        answered, by_mail = answered_for(db, config, channels), answered_for(db, config, {"mail"})
        nobody = [each.key for each in config.services if each.key not in answered]
        waiting = threads.waiting(db, nobody)
    if not nobody:
        return ok("HUMAN", "somebody of each service can be told")
    first = next(iter(waiting), nobody[0])
    invite = f"civicloop invite --role manager --service {first}"
    do = f"Invite somebody who writes in a chat or has mail: {invite} --mail …"
    off = ""
    if not config.mail.host:
        do = f"Set [mail] host and from_address, or let somebody send the bot, in a chat, the /start line of: {invite}"
        known = [service for service in nobody if service in by_mail]
        off = f"; mail is off, the only way to those of {', '.join(known)}" if known else ""
    if waiting:
        seen = f"{sum(waiting.values())} citizens wait, and nobody of {', '.join(waiting)} is told{off}"
        return fail("HUMAN", seen, do)
    return warn("HUMAN", f"nobody of {', '.join(nobody)} can be told; citizens read human_contact instead{off}", do)


def judged(opened: Database, config: Config) -> Finding:
    """Look whether words wait for somebody to let others see them: until then no digest quotes them."""
    if not config.privacy.approved:
        return ok("quotes", "words are shown until somebody withholds them")
    with opened.reading() as db:
        found = rulings.counts(db, [each.key for each in config.services], approved=True)
    waiting = {service: many for service, kinds in found.items() if (many := kinds.get(rulings.WAITING, 0))}
    if not waiting:
        return ok("quotes", "none waits for approval")
    named = ", ".join(f"{service} {many}" for service, many in waiting.items())
    do = "Ask the managers and organisers of these services to look at them: /manage/words, or /organise in the chat."
    return warn("quotes", f"{sum(waiting.values())} wait for approval ({named}): no digest quotes them", do)


def asked(opened: Database, config: Config) -> Finding:
    """Look whether what the rounds ask, and what people read before, is what was signed."""
    from bot.rounds import papers, record  # noqa: PLC0415 - slow to load, needed only where there are tables

    with opened.reading() as db:
        rows = rounds.find(db)
        others = [row.code for row in rows if not trail.still_asks(db, row.id)]
    folder = config.database.files
    lost = [f"{name} of {row.code}" for row in rows for name in papers.lost(folder, record.load(row.record))]
    if others:
        do = 'Nobody is asked them. Restore the database from a backup: see "civicloop round verify".'
        return fail("rounds", f"other questions than those that were signed: {', '.join(others)}", do)
    if lost:
        do = f"Put the files back into {folder} from a backup: until then nobody can read them."
        return fail("rounds", f"documents gone, or others than those that were added: {', '.join(lost)}", do)
    return ok("rounds", "each asks what was signed, and its documents are there")


def telegram(config: Config) -> Iterator[Finding]:
    """Look whether Telegram knows the token, and calls us the way we expect."""
    if not config.telegram.token:
        yield ok("Telegram", "off: no token is set")
        return
    known = _ask_telegram(config, "getMe")
    if isinstance(known, Finding):
        yield known
        return
    yield ok("Telegram", f"signed in as @{known.get('username', '?')}")
    hook = _ask_telegram(config, "getWebhookInfo")
    if isinstance(hook, Finding):
        yield hook
        return
    yield _webhook(config, str(hook.get("url") or ""), str(hook.get("last_error_message") or ""))


def username(config: Config) -> str | None:
    """Return the bot's name on Telegram; None where there is no bot or Telegram does not answer."""
    known = _ask_telegram(config, "getMe") if config.telegram.token else {}
    return None if isinstance(known, Finding) else str(known.get("username") or "") or None


def _ask_telegram(config: Config, method: str) -> Mapping[str, object] | Finding:
    """Return what Telegram answers, or what keeps it from answering."""
    base = config.telegram.base_url
    try:
        reply = httpx.get(f"{base}/bot{config.telegram.token.reveal()}/{method}", timeout=PATIENCE)
        answer = reply.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        do = f"Let this machine reach {base} over HTTPS, or put [telegram] base_url right."
        return fail("Telegram", f"{base} does not answer ({type(error).__name__})", do)
    if reply.status_code in {401, 404}:
        return fail("Telegram", "does not know the token", "Copy the token again from @BotFather.")
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
        return fail(
            "Telegram", f"answers {reply.status_code}", "Try again in some minutes; is base_url a Bot API server?"
        )
    result: dict[str, object] = answer["result"]
    return result


def _webhook(config: Config, url: str, error: str) -> Finding:
    wanted = config.telegram.webhook_url if config.telegram.mode == "webhook" else ""
    if url != wanted:
        told = f"Telegram calls {url}" if url else "Telegram calls no address"
        return warn("Telegram", f"{told}, mode is {config.telegram.mode}", 'Set when the bot starts: "civicloop run"')
    if error:
        return fail(
            "Telegram", f"cannot call {url}: {error}", "Open that address to the Internet, with a valid certificate."
        )
    return ok("Telegram", f"mode {config.telegram.mode}")


def mail(config: Config) -> Finding:
    """Look whether the mail server takes our sign-in."""
    if not config.mail.host:
        return ok("mail", "off: no server is set")
    where = f"{config.mail.host}:{config.mail.port}"
    try:
        with smtplib.SMTP(config.mail.host, config.mail.port, timeout=PATIENCE) as server:
            if config.mail.starttls:
                server.starttls(context=ssl.create_default_context())
            if config.mail.username:
                server.login(config.mail.username, config.mail.password.reveal())
            server.noop()
    except smtplib.SMTPAuthenticationError:
        return fail("mail", f"{where} refuses the sign-in", "Put [mail] username and password right.")
    except ssl.SSLError as error:
        return fail(
            "mail",
            f"{where} has no certificate we trust ({error.reason})",
            "Give the server's full name in [mail] host.",
        )
    except smtplib.SMTPException as error:
        return fail(
            "mail",
            f"{where} does not speak as expected ({type(error).__name__})",
            "Put [mail] port and starttls right.",
        )
    except OSError as error:
        return fail("mail", f"{where} does not answer ({error.strerror or error})", "Put [mail] host and port right.")
    return ok("mail", f"{where} answers")


def model(config: Config) -> Finding:
    """Look whether the language model that may word headlines and names answers, and over a line nobody reads."""
    settings = config.model
    if not settings.url:
        return ok("language model", "off: no address is set")
    where = settings.url.rstrip("/")
    key = settings.key.reveal()
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        reply = httpx.get(f"{where}/models", headers=headers, timeout=PATIENCE)
    except UnicodeEncodeError:
        return warn("language model", "the key has letters that no key has", "Put [model] key right.")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        do = "Put [model] url right; until then digests keep their plain words."
        return warn("language model", f"{where} does not answer ({type(error).__name__})", do)
    if reply.status_code in {401, 403}:
        return warn("language model", f"{where} refuses the key", "Put [model] key right.")
    if not reply.is_success:
        do = "Is [model] url the address before /chat/completions, as in https://…/v1?"
        return warn("language model", f"{where} answers {reply.status_code} when asked for its models", do)
    address = urlsplit(where)
    if address.scheme != "https" and address.hostname not in {"127.0.0.1", "localhost", "::1"}:
        do = "Give it an https:// address: masked texts of citizens go there."
        return warn("language model", f"{where} is not encrypted", do)
    return ok("language model", f"{settings.name} at {where}, at most {settings.a_week} requests a week")


def web(config: Config) -> Iterator[Finding]:
    """Look whether the port is ours to take, and the address people type is safe."""
    where = f"{config.web.host}:{config.web.port}"
    if _alive(config) and config.database.file and not config.database.file.exists():
        do = "Stop that one, or choose another [web] port."
        yield fail("web", f"another bot than this one answers on {where}: the database of this one is not there", do)
    elif _alive(config):
        yield ok("web", f"the bot is running on {where}")
    elif error := _taken(config):
        yield fail("web", f"{where} cannot be used ({error})", "Stop what uses it, or choose another [web] port.")
    else:
        yield ok("web", f"{where} is free")
    address = urlsplit(config.web.public_url)
    if address.scheme != "https" and address.hostname not in {"127.0.0.1", "localhost", "::1"}:
        do = "Put a proxy with a certificate before it, and write its https:// address in [web] public_url."
        yield warn("web", f"{config.web.public_url} is not encrypted", do)
    if only_here(config.web.public_url):
        do = "Write the address people type in [web] public_url: links, posters and QR codes lead there."
        seen = f"people's phones cannot open {config.web.public_url}, an address of this machine alone"
        yield warn("public address", seen, do)
    else:
        yield ok("public address", config.web.public_url)


def _alive(config: Config) -> bool:
    try:
        host = "127.0.0.1" if config.web.host in {"0.0.0.0", "::"} else config.web.host  # noqa: S104 - compared only
        return httpx.get(f"http://{host}:{config.web.port}/healthz", timeout=2).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _taken(config: Config) -> str:
    """Return why the address cannot be listened on; empty where it can."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            config.web.host, config.web.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def flows(issues: Iterable[Issue]) -> Finding:
    """Look whether all flows can be played."""
    faults = [issue for issue in issues if issue.severity == "error"]
    if faults:
        return fail("flows", f"{len(faults)} faults, the first: {faults[0]}", 'See them all: "civicloop check"')
    return ok("flows", "all can be played")


def languages(config: Config, catalog: Catalog) -> Finding:
    """Look whether somebody who speaks each language of the city has read what stands in it."""
    files = {**catalog.texts, **translating.staff_files(Path(__file__).parent)}
    spoken = [one for one in config.city.languages if one != translating.SOURCE]
    found = [translating.status(files, one) for one in spoken]
    if unread := [one.language for one in found if not one.reviewers]:
        do = (
            "Let a native speaker read them as a citizen (civicloop play … --language), "
            "then write who did into reviewed_by in the files."
        )
        return warn("languages", f"nobody has reviewed {', '.join(unread)}", do)
    if late := [f"{one.language} {one.percent}%" for one in found if one.translated < one.texts or one.outdated]:
        return warn("languages", f"not all is translated: {', '.join(late)}", 'See what: "civicloop translate status"')
    return ok("languages", ", ".join(config.city.languages))


def scripts(config: Config) -> Finding:
    """Look whether charts, posters and pages to print have the letters of the city's languages."""
    from bot.digests.render.letters import lacks  # noqa: PLC0415 - slow to load

    if lost := [one for one in config.city.languages if lacks(_written_in(one))]:
        do = "Install fonts for it, as in apt-get install fonts-noto-core (for Chinese or Japanese fonts-noto-cjk)."
        return warn("fonts", f"no font here has all letters of {', '.join(lost)}: charts and paper show frames", do)
    return ok("fonts", f"all letters of {', '.join(config.city.languages)} can be drawn")


def _written_in(language: str) -> str:
    """Return words in a language: what it is called, and its months and days; empty where nobody has told us any."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return ""
    months, days = locale.months["format"]["wide"], locale.days["format"]["wide"]
    return " ".join((locale.display_name or "", *months.values(), *days.values()))


def clock(config: Config, now: datetime) -> Finding:
    """Look what time it is in the city, for a person to compare."""
    return ok("clock", f"{now.astimezone(config.city.zone):%A %d %B %Y %H:%M} in {config.city.time_zone}")
