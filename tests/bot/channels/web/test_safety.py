"""Cookies and headers as a scanner sees them: every address graded by the rules of Mozilla's HTTP Observatory."""

from __future__ import annotations

import re
from dataclasses import replace
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from bot.channels.web import routes, site
from bot.channels.web.chat import COOKIE as CHAT
from bot.channels.web.manage.doors import COOKIE, STAY
from bot.channels.web.pages import LANGUAGE_COOKIE
from bot.channels.web.safety import Gate
from tests.bot.channels.web.stage import Program, listening, program, served

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from http.cookies import Morsel
    from pathlib import Path

    from playwright.sync_api import BrowserContext

SITE = "https://voice.city.example"
EVERYTHING = (("organiser", "*"), ("manager", "*"), ("approver", "*"))
HALF_A_YEAR = 15_768_000


@pytest.fixture
def secure(tmp_path: Path) -> Iterator[Program]:
    """A program that people reach by HTTPS."""
    made = program(tmp_path)
    made.config = replace(made.config, web=replace(made.config.web, public_url=SITE))
    yield made
    made.database.close()


@pytest.fixture
async def visitor(secure: Program) -> AsyncIterator[httpx.AsyncClient]:
    """A browser behind the proxy."""
    transport = httpx.ASGITransport(site(secure))
    async with (
        listening(secure),
        httpx.AsyncClient(transport=transport, base_url=SITE, headers={"origin": SITE}) as browser,
    ):
        yield browser


async def signed_in(secure: Program, visitor: httpx.AsyncClient) -> httpx.Response:
    return await visitor.post("/manage/sign-in", data={"token": secure.link(*EVERYTHING)})


# --------------------------------------------------------------------------- what a scanner says


def cookies_of(response: httpx.Response) -> list[Morsel[str]]:
    return [morsel for line in response.headers.get_list("set-cookie") for morsel in SimpleCookie(line).values()]


def _policy(response: httpx.Response) -> dict[str, set[str]]:
    parts = [part.split() for part in response.headers.get("content-security-policy", "").split(";") if part.strip()]
    return {name: set(sources) for name, *sources in parts}


def _of_policy(response: httpx.Response) -> int:
    policy = _policy(response)
    scripts, styles = (policy.get(kind, policy.get("default-src", {"*"})) for kind in ("script-src", "style-src"))
    if not policy:
        return -25
    if "*" in scripts or {"'unsafe-inline'", "data:", "http:", "https:"} & scripts:
        return -20
    if "'unsafe-eval'" in scripts:
        return -10
    if "'unsafe-inline'" in styles:
        return 0
    return 10 if policy.get("default-src") == {"'none'"} else 5


def _of_cookies(response: httpx.Response) -> int:
    cookies = cookies_of(response)
    if not all(each["secure"] for each in cookies):
        return -20
    if not all(each["httponly"] for each in cookies):
        return -30
    return 5 if cookies and all(each["samesite"].lower() in ("lax", "strict") for each in cookies) else 0


def _of_transport(response: httpx.Response) -> int:
    age = re.search(r"max-age=(\d+)", response.headers.get("strict-transport-security", ""))
    return -20 if age is None else -10 if int(age[1]) < HALF_A_YEAR else 0


def _of_frames(response: httpx.Response) -> int:
    if _policy(response).get("frame-ancestors", {"*"}) <= {"'none'", "'self'"}:
        return 5
    return 0 if response.headers.get("x-frame-options", "").upper() in ("DENY", "SAMEORIGIN") else -20


def _of_references(response: httpx.Response) -> int:
    private = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
    said = response.headers.get("referrer-policy")
    return 0 if said is None else 5 if said in private else -5


def _of_resources(response: httpx.Response) -> int:
    """Who else may use it: a script or picture of ours on another site, or another's script on ours."""
    shared = response.headers.get("access-control-allow-origin")
    scripts = re.findall(r"<script[^>]+src=\"([^\"]+)\"", response.text)
    if shared == "*" or any(not each.startswith("/") or each.startswith("//") for each in scripts):
        return -50
    return {"same-origin": 10, "same-site": 10, "cross-origin": -5}.get(
        response.headers.get("cross-origin-resource-policy", ""), 0
    )


def _of_kinds(response: httpx.Response) -> int:
    return 0 if response.headers.get("x-content-type-options") == "nosniff" else -5


RULES = (_of_policy, _of_cookies, _of_transport, _of_frames, _of_references, _of_resources, _of_kinds)
"""https://developer.mozilla.org/en-US/observatory/docs/tests_and_scoring; without the lists that browsers bring."""


def score(response: httpx.Response) -> int:
    """Return the points of an answer: what is lost counts first, and what is won only from 90 on."""
    points = [rule(response) for rule in RULES]
    kept = 100 + sum(each for each in points if each < 0)
    return kept + sum(each for each in points if each > 0) if kept >= 90 else kept


ROUTES = sorted(
    {
        (method, re.sub(r"\{(\w+)(:int)?\}", lambda name: "7" if name[2] else f"x{name[1]}", route.path))
        for route in (*routes._machines(), *routes._citizens(), *routes._staff())
        for method in sorted(route.methods or ())
        if method != "HEAD"
    }
)
MORE = [("GET", "/static/civicloop.css"), ("GET", "/nowhere"), ("DELETE", "/chat"), ("GET", "/static/none.js")]


@pytest.mark.parametrize("inside", [False, True])
async def test_every_address_gets_the_best_grade(secure: Program, visitor: httpx.AsyncClient, inside: bool) -> None:
    """Pages, forms, files, errors: signed in and not. A+ begins at 100; 130 is all that headers alone can win."""
    if inside:
        assert (await signed_in(secure, visitor)).status_code == 303
    assert len(ROUTES) > 90
    kept = dict(visitor.cookies)
    for method, path in [*ROUTES, *MORE]:
        visitor.cookies.update(kept)  # one of the routes signs out
        answer = await visitor.request(method, path)
        assert answer.status_code < 500 or path == "/readyz", (method, path, answer.status_code)
        assert score(answer) >= 130, (method, path, {rule.__name__: rule(answer) for rule in RULES})


async def test_mistakes_and_refusals_of_ours_are_as_safe(
    secure: Program, visitor: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumbles(*_: object, **__: object) -> None:
        raise RuntimeError("stumbled")

    monkeypatch.setattr(secure.rounds, "listed", stumbles)
    broken = await visitor.get("/")
    assert broken.status_code == 500
    assert score(broken) >= 130
    full = Gate(site(secure), 0, lambda: None, secure=True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(full), base_url=SITE) as late:
        busy = await late.get("/")
    assert busy.status_code == 503
    assert _of_policy(busy) == 10
    assert _of_transport(busy) == 0


def test_a_page_without_headers_would_fail() -> None:
    assert score(httpx.Response(200, text="bare")) < 50
    assert score(httpx.Response(200, text="bare", headers={"set-cookie": "a=b"})) < 50


# --------------------------------------------------------------------------- cookies


async def test_cookies_belong_to_this_host_and_travel_by_https_alone(
    secure: Program, visitor: httpx.AsyncClient
) -> None:
    answers = [
        await visitor.post("/chat/start", data={"code": ""}),
        await visitor.post("/language", data={"language": "es", "back": "/"}),
        await signed_in(secure, visitor),
    ]
    found = {each.key: each for answer in answers for each in cookies_of(answer)}
    assert set(found) == {f"__Host-{name}" for name in (CHAT, LANGUAGE_COOKIE, COOKIE)}
    for each in found.values():
        assert each["secure"]
        assert each["httponly"]
        assert each["path"] == "/"
        assert not each["domain"]
    assert found[f"__Host-{COOKIE}"]["samesite"] == "strict"
    assert int(found[f"__Host-{COOKIE}"]["max-age"]) == STAY.total_seconds() <= 12 * 3600


async def test_a_cookie_that_another_host_of_the_city_could_have_set_is_not_ours(
    secure: Program, visitor: httpx.AsyncClient
) -> None:
    await signed_in(secure, visitor)
    assert (await visitor.get("/manage")).status_code == 200
    token = visitor.cookies[f"__Host-{COOKIE}"]
    visitor.cookies.clear()
    visitor.cookies.set(COOKIE, token)
    assert (await visitor.get("/manage")).status_code == 401


async def test_who_signs_out_takes_the_cookie_along_and_it_opens_nothing_any_more(
    secure: Program, visitor: httpx.AsyncClient
) -> None:
    await signed_in(secure, visitor)
    stolen = visitor.cookies[f"__Host-{COOKIE}"]
    stamp = re.findall(r'name="stamp" value="(\w+)"', (await visitor.get("/manage")).text)[0]
    left = await visitor.post("/manage/sign-out", data={"stamp": stamp})
    (gone,) = cookies_of(left)
    assert (gone.key, gone["max-age"], gone["secure"]) == (f"__Host-{COOKIE}", "0", True)
    visitor.cookies.set(f"__Host-{COOKIE}", stolen)
    assert (await visitor.get("/manage")).status_code == 401


LINKED = """to => {
    const a = document.createElement("a");
    [a.href, a.id, a.text] = [to, "there", "there"];
    document.querySelector("main").append(a);
}"""


@pytest.mark.browser
def test_a_link_from_another_site_leads_in_though_the_cookie_is_strict(it: Program, context: BrowserContext) -> None:
    """The browser holds the cookie back, our page asks once more, and then it comes; without one there is no loop."""
    page = context.new_page()
    with served(it) as url:
        other = url.replace("127.0.0.1", "localhost")
        assert other != url
        for known in (False, True):
            if known:
                page.goto(f"{url}/manage/sign-in?token={it.link(*EVERYTHING)}")
                page.get_by_role("button", name="Sign in").click()
                expect(page.get_by_role("button", name="Sign out")).to_be_visible()
            page.goto(other)
            page.evaluate(LINKED, f"{url}/manage/flows")
            page.click("#there")
            page.wait_for_url(f"{url}/manage/flows")
            page.wait_for_timeout(500)
            expect(page.get_by_role("button", name="Sign out")).to_have_count(int(known))
