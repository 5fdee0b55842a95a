"""Whatever lets somebody in: changed by one sign, used again, taken elsewhere, or guessed by the time it takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits
from typing import TYPE_CHECKING

import httpx

from bot import leaving
from bot.channels.web import site
from bot.channels.web.manage.doors import COOKIE
from storage import people
from tests.bot.channels.web.test_chat_pages import nonce, said
from tests.bot.channels.web.test_whole_program import app, started, visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.app import App
    from tests.bot.channels.web.stage import Program

__all__ = ["app", "visitor"]  # the fixtures of the whole program

ROOT = Path(__file__).parents[4]
ORGANISER = ("organiser", "library")


SIGNS = ascii_uppercase + ascii_lowercase + digits + "-_"
"""In the order of base64, so that those beside each other differ in the last bit, which may be one to spare."""


def changed(token: str) -> Iterator[str]:
    """Give what is nearly a token: another sign somewhere, one less, one more, other letters, nothing."""
    for place in (0, len(token) // 2, len(token) - 1):
        beside = SIGNS[SIGNS.index(token[place]) ^ 1] if token[place] in SIGNS else "A"
        yield token[:place] + beside + token[place + 1 :]
    yield from (
        token[:-1],
        token + "A",
        token[1:],
        token.swapcase(),
        f" {token}x",
        f"{token}\0",
        f"{token}é",
        "",
        "null",
    )


# --------------------------------------------------------------------------- sign-in links, sessions, forms


async def test_a_changed_link_lets_nobody_in_and_uses_nothing_up(it: Program, client: httpx.AsyncClient) -> None:
    token = it.link(ORGANISER)
    for other in changed(token):
        assert (await client.post("/manage/sign-in", data={"token": other})).status_code == 410, other
    assert (await client.post("/manage/sign-in", data={"token": token})).status_code == 200
    assert (await client.post("/manage/sign-in", data={"token": token})).status_code == 410


async def test_a_changed_cookie_is_nobodys(it: Program, client: httpx.AsyncClient) -> None:
    await client.post("/manage/sign-in", data={"token": it.link(ORGANISER)})
    token = client.cookies[COOKIE]
    for other in changed(token):
        if other.isascii() and other.isprintable() and " " not in other:
            client.cookies.clear()
            client.cookies.set(COOKIE, other)
            assert (await client.get("/manage")).status_code == 401, other


async def test_what_lets_in_by_one_way_lets_in_by_no_other(it: Program, client: httpx.AsyncClient) -> None:
    """A link is no cookie, a cookie no link, the sign in forms neither."""
    link = it.link(ORGANISER)
    client.cookies.set(COOKIE, link)
    assert (await client.get("/manage")).status_code == 401
    client.cookies.clear()
    page = await client.post("/manage/sign-in", data={"token": link})
    cookie, stamp = client.cookies[COOKIE], re.findall(r'name="stamp" value="(\w+)"', page.text)[0]
    for token in (cookie, stamp):
        assert (await client.post("/manage/sign-in", data={"token": token})).status_code == 410
    client.cookies.clear()
    client.cookies.set(COOKIE, stamp)
    assert (await client.get("/manage")).status_code == 401


async def test_the_sign_of_another_session_or_a_changed_one_sends_no_form(
    it: Program, client: httpx.AsyncClient
) -> None:
    """Also that of the same person in another browser."""
    stamps = []
    for _ in range(2):
        page = await client.post("/manage/sign-in", data={"token": it.link(ORGANISER)})
        stamps.append(re.findall(r'name="stamp" value="(\w+)"', page.text)[0])
    first, second = stamps
    for other in (first, *changed(second)):
        assert (await client.post("/manage/sign-out", data={"stamp": other})).status_code == 403, other
    assert (await client.post("/manage/sign-out", data={"stamp": second})).status_code == 200


# --------------------------------------------------------------------------- in the chat


def invited(app: App) -> str:
    token = app.mint()
    with app.database.transaction() as db:
        expires = app.clock().replace(year=app.clock().year + 1)
        link = people.Link(
            app.keys.token_hash(token), "invite", app.clock(), expires, role="manager", service="library", name="Maya"
        )
        people.add_link(db, link)
    return token


async def follows(visitor: httpx.AsyncClient, code: str) -> str:
    """Return what the bot says to whoever follows a link with this code."""
    page = await visitor.get("/chat")
    page = await visitor.post("/chat/start", data={"code": code, "nonce": nonce(page)})
    return said(page)[-1] if said(page) else ""


async def test_an_invitation_that_was_changed_or_used_gives_no_role(app: App, visitor: httpx.AsyncClient) -> None:
    token = invited(app)
    for other in changed(token):
        await follows(visitor, f"r_{other}")
    assert managers(app) == []
    await follows(visitor, f"r_{token}")
    assert managers(app) == ["Maya"]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(site(app)), base_url="http://voice.test", follow_redirects=True
    ) as another:
        told = await follows(another, f"r_{token}")
        assert "manager" not in told
    assert managers(app) == ["Maya"]


def managers(app: App) -> list[str]:
    with app.database.reading() as db:
        return [person.name for person, _ in people.with_role(db, "manager")]


async def test_a_receipt_opens_only_what_it_stands_for(app: App, visitor: httpx.AsyncClient) -> None:
    """Whoever holds it reads the answers, from anywhere; one letter off, and nothing is there."""
    page = await started(app, visitor)
    for _ in range(20):
        if 'name="data"' not in page.text:
            break
        data = page.text.split('name="data" value="')[1].split('"')[0]
        page = await visitor.post("/chat", data={"data": data, "pick": "1", "nonce": nonce(page)})
    (receipt,) = re.findall(r"receipt is ([A-Z0-9-]+)", said(page)[-1])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(site(app)), base_url="http://voice.test", follow_redirects=True
    ) as another:
        page = await another.post("/chat/start", data={"code": ""})
        for place in (0, 6, 13):
            letter = "2" if receipt[place] != "2" else "3"
            wrong = receipt[:place] + letter + receipt[place + 1 :]
            page = await another.post("/chat", data={"text": wrong, "nonce": nonce(page)})
            assert "Very good" not in said(page)[-1]
        page = await another.post("/chat", data={"text": receipt, "nonce": nonce(page)})
        assert any("Very good" in line for line in said(page)[-2:])


async def test_a_link_that_ends_mails_ends_those_of_no_other(app: App, visitor: httpx.AsyncClient) -> None:
    """Changed, it is not there at all; used again, it does the same once more, and that is all it can do."""
    ana, ben = (leaving.link(app.keys, "", f"{name}@home.example").removeprefix("/stop/") for name in ("ana", "ben"))
    assert ana != ben
    for other in changed(ana):
        if other.isprintable():
            answer = await visitor.post(f"/stop/{other.strip()}", data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code in (404, 405), other
    for _ in range(2):
        assert (await visitor.post(f"/stop/{ana}", data={"List-Unsubscribe": "One-Click"})).status_code == 200
    assert leaving.whose(app.keys, ben) == "ben@home.example"


# --------------------------------------------------------------------------- time


SECRET = re.compile(r"token|secret|stamp|password|cookie|receipt|signature", re.IGNORECASE)
KNOWN = {
    # The database finds these by a keyed hash: how long that takes tells nothing of the secret itself.
    "storage/people.py: links.c.token_hash == token_hash",
    "storage/people.py: web_sessions.c.token_hash == token_hash",
    "storage/sessions.py: sessions.c.receipt_hash == receipt_hash",
    # No secrets: what a conversation waits for, a piece of a formula, and how a link that was opened is to be written.
    "bot/desk/desk.py: kind == RECEIPT",
    "bot/importing/xpath.py: token == OWN",
    "bot/tokens.py: written(sealed) != token",
}


def compared() -> Iterator[str]:
    """Give each place that compares something called like a secret sign by sign."""
    for folder in ("bot", "storage"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                    continue
                sides = [side for side in (node.left, *node.comparators) if not isinstance(side, ast.Constant)]
                names = {ast.unparse(side) for side in sides}
                if len(sides) > 1 and any(SECRET.search(name) for name in names):
                    yield f"{path.relative_to(ROOT)}: {ast.unparse(node)}"


def test_no_secret_is_compared_sign_by_sign() -> None:
    """Where secrets are compared it takes the same time however much is right; else they are found by a keyed hash."""
    assert set(compared()) == KNOWN


def test_the_three_that_are_compared_take_the_same_time_however_much_is_right() -> None:
    """The secret of Telegram's calls, the sign in forms of staff, and secret settings."""
    places = ("bot/channels/telegram/channel.py", "bot/channels/web/manage/doors.py", "bot/settings.py")
    found = {
        str(path.relative_to(ROOT))
        for folder in ("bot", "storage")
        for path in (ROOT / folder).rglob("*.py")
        if "compare_digest(" in path.read_text(encoding="utf-8")
    }
    assert found == set(places)
