"""Who may do what, at every address: who has the right gets in, nobody else learns that there is anything."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update
from starlette.routing import Route

from bot.channels.web import site
from bot.rights import ROLES, RULES, Right
from storage import actions, alarms, contacts, looks, themes
from storage.actions import FIX, NewAction, Origin
from storage.tables import answers
from tests.bot.actions.scene import WEEK as BEHIND
from tests.bot.actions.scene import scene
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_concluding_pages import closed
from tests.bot.channels.web.test_entering_pages import begun
from tests.bot.channels.web.test_staff_pages import ORGANISER, WEEK, entered, stamp
from tests.bot.channels.web.test_staff_threads import written
from tests.support import roles

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

ROUND, FLOW, DIGEST = "/manage/rounds/{code}", "/manage/flows/{flow}", "/manage/digests/{service}/{period}"
THREAD, ACTION, THEMES = "/manage/threads/{name}", "/manage/actions/{service}", "/manage/themes/{service}"
URGENT = "/manage/urgent/{service}"
DEMANDED: Mapping[Right, tuple[str, ...]] = {
    Right.SEE_ROUNDS: (
        *(f"GET {ROUND}{end}" for end in ("", "/numbers", "/results.csv", "/results/{state}.png", "/poster.pdf")),
        *(f"GET {ROUND}{end}" for end in ("/page.zip", "/places/{place}/qr.svg", "/turnout", "/preview")),
        f"POST {ROUND}/preview",
    ),
    Right.LEAD_ROUNDS: (
        *(f"GET {ROUND}{end}" for end in ("/edit", "/report", "/report/preview", "/report/page", "/audience")),
        *(
            f"POST {ROUND}{end}"
            for end in ("/edit", "/edit/check", "/keep", "/audience", "/list", "/list/away", "/margins", "/aims")
        ),
        *(f"POST {ROUND}{end}" for end in ("/margins/forget", "/places", "/issue", "/read", "/note", "/analyse")),
        *(f"POST {ROUND}{end}" for end in ("/decide", "/report", "/report/publish", "/extend", "/pause", "/resume")),
        *(f"POST {ROUND}{end}" for end in ("/open", "/close", "/archive", "/cancel", "/documents")),
    ),
    Right.SIGN_ROUNDS: (f"POST {ROUND}/approve",),
    Right.SEE_QUESTIONS: tuple(f"GET {ROUND}{end}" for end in ("/picture", "/picture.svg")),
    Right.TAKE_ANSWERS: (f"GET {ROUND}/answers", f"POST {ROUND}/answers"),
    Right.ENTER_ANSWERS: tuple(f"{verb} {ROUND}/enter{end}" for verb in ("GET", "POST") for end in ("", "/{name}")),
    Right.READ_ANSWERS: (
        *(f"GET {ROUND}{end}" for end in ("/files", "/files/{number:int}")),
        "GET /manage/answers/{service}",
        f"GET {URGENT}",
        f"POST {URGENT}/{{number:int}}/done",
    ),
    Right.READ_DIGESTS: (
        *(f"GET {DIGEST}{end}" for end in ("", "/charts/{name}.png", "/page.pdf", "/figures.xlsx", "/digest.json")),
        "GET /manage/quarters/{service}/{quarter}",
    ),
    Right.ACT_ON_DIGESTS: (
        *(f"GET {ACTION}{end}" for end in ("", "/act", "/{number:int}")),
        *(f"POST {ACTION}{end}" for end in ("/act", "/{number:int}/give", "/{number:int}/settle")),
    ),
    Right.SORT_THEMES: tuple(f"{verb} {THEMES}{end}" for verb in ("GET", "POST") for end in ("", "/{theme}")),
    Right.JUDGE_QUOTES: ("GET /manage/words/{service}", "POST /manage/words/{service}"),
    Right.ANSWER_CITIZENS: (
        *(f"GET {THREAD}{end}" for end in ("", "/files/{number:int}")),
        *(f"POST {THREAD}{end}" for end in ("/reply", "/hand", "/block", "/unblock", "/close")),
    ),
    Right.ASSESS: (
        *(f"GET /manage/assess/{{service}}{end}" for end in ("", "/form")),
        *(f"POST /manage/assess/{{service}}{end}" for end in ("/form", "/viewers")),
    ),
}
"""What each address demands for the service it is about."""
OWN = {
    "GET /manage",
    "POST /manage/sign-out",
    "POST /manage/digests",
    "GET /manage/rounds/new",
    *(f"POST /manage/rounds/new{end}" for end in ("", "/check")),
    "GET /manage/flows",
    *(f"GET {FLOW}{end}" for end in ("", "/picture.svg", "/preview")),
    *(f"POST {FLOW}{end}" for end in ("/preview", "/transcript")),
    *(f"GET /manage/{each}" for each in ("digests", "actions", "assess", "themes", "threads", "words")),
}
"""What shows each member of staff only what is theirs; flows are of the whole city and hold nobody's answers."""
OUTSIDE = {
    *(f"GET {path}" for path in ("/", "/privacy", "/stop/{token}", "/chat", "/chat/stream", "/chat/pictures/{name}")),
    "GET /rounds",
    *(f"GET /rounds/{{code}}{end}" for end in ("", "/qr.svg", "/figures.csv", "/codebook.csv", "/documents/{name}")),
    *("POST /stop/{token}/data", "GET /receipt", "POST /receipt", "GET /mydata/{token}"),
    *(f"GET {path}" for path in ("/chat/{code}", "/healthz", "/readyz", "/metrics", "/robots.txt", "/{code}")),
    "POST /mydata/{token}/{form}",
    *(f"POST {path}" for path in ("/stop/{token}", "/chat", "/chat/start", "/language", "/telegram")),
    *("GET /digest.schema.json", "GET /manage/sign-in", "POST /manage/sign-in"),
}
"""What is for everybody."""
BEYOND = {
    f"GET {ROUND}/results/{{state}}.png",
    f"GET {ROUND}/places/{{place}}/qr.svg",
    f"GET {ROUND}/files/{{number:int}}",
    f"GET {ROUND}/report/page",
    f"POST {ROUND}/margins",
    f"POST {ROUND}/margins/forget",
    f"POST {THEMES}/{{theme}}",
    f"GET {DIGEST}/charts/{{name}}.png",
    f"GET {THREAD}/files/{{number:int}}",
}
"""What is found only where more is there than this city has; their own tests find them."""
LAST = ("/close", "/cancel", "/archive", "/give", "/settle")
"""Acts after which others make no sense."""
STATES = {
    "draft": ("/edit", "/edit/check", "/audience", "/list", "/list/away", "/margins", "/approve"),
    "closed": ("/report", "/report/preview", "/report/page", "/report/publish"),
}
"""What is there only for a round in another state than the one that is open."""
FIELDS = {
    "/answers": {"purpose": "team"},
    THEMES: {"what": "new"},
    "/manage/words/{service}": {"act": "show", "text": "1"},
}
"""What a form must say at least to be one of ours."""
OUT = {401, 403, 404}


def addresses(it: Program) -> set[str]:
    """Return every address of the site, with its verb."""
    routes = [route for route in site(it).routes if isinstance(route, Route)]
    return {f"{verb} {route.path}" for route in routes for verb in route.methods or () if verb != "HEAD"}


async def city(it: Program, client: httpx.AsyncClient) -> dict[str, str]:
    """Build a city in which there is something behind every address; return what the addresses name."""
    of, it.figures["library"] = scene(it, raised=6), WEEK
    hash_ = it.keys.address_hash("web", "cookie")
    with it.database.transaction() as db:
        (citizen,) = contacts.add(db, [contacts.NewContact("web", hash_, it.keys.seal("cookie"), "en", NOW)])
        action = actions.add(db, NewAction("library", FIX, "words", Origin("Queues"), "A desk", NOW), "Ada")
        themes.add(db, "library", [("waiting", {"en": "Waiting"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "waiting")
        alarm = alarms.sound(db, b"alarm", "library", NOW, contact_id=citizen.id)
        assert theme
        assert alarm
        alarms.keep(db, alarm, it.keys.seal("There is a gas leak"))
    await entered(it, client, ORGANISER)
    entry = await begun(client, of.round.code)
    return {
        "code": of.round.code,
        "draft": it.round("Another"),
        "closed": closed(it),
        "service": "library",
        "flow": "deliver_pulse",
        "period": "now",
        "quarter": "2026-Q4",
        "name": written(it, citizen).name,
        "entry": entry.url.path.rpartition("/")[2],
        "number:int": str(action.id),
        "alarm": str(alarm),
        "theme": str(theme.id),
        "place": "x",
        "state": "x",
    }


def filled(address: str, names: Mapping[str, str]) -> tuple[str, str]:
    verb, _, path = address.partition(" ")
    state = next((each for each, ends in STATES.items() if path.endswith(ends)), "code")
    named = {**names, "code": names[state]}
    named = {**named, "name": names["entry"]} if "/enter/" in path else named
    named = {**named, "number:int": names["alarm"]} if path.startswith(URGENT) else named
    return verb, re.sub(r"\{([\w:]+)\}", lambda found: named[found[1]], path)


def test_every_address_says_what_it_demands(it: Program) -> None:
    demanded = [address for each in DEMANDED.values() for address in each]
    assert len(demanded) == len(set(demanded))
    assert addresses(it) == {*demanded, *OWN, *OUTSIDE}


@pytest.mark.parametrize("service", ["library", "bus7"])
@pytest.mark.parametrize("role", ROLES)
async def test_who_has_the_right_gets_in_and_nobody_else(
    it: Program, client: httpx.AsyncClient, role: str, service: str
) -> None:
    names = await city(it, client)
    client.cookies.clear()
    await entered(it, client, (role, service))
    mark = stamp(await client.get("/manage/flows"))
    wrong = []
    for right, address in in_order():
        verb, path = filled(address, names)
        fields = next((each for end, each in FIELDS.items() if address.endswith(end)), {})
        page = await client.request(
            verb,
            path,
            data={"stamp": mark, **fields} if verb == "POST" else None,
        )
        assert page.status_code < 500, address
        may = service == "library" and role in RULES[right].holders
        inside = page.status_code not in OUT
        if inside != may and not (may and address in BEYOND):
            wrong.append(f"{address}: {page.status_code}")
    assert not wrong, "\n".join(wrong)


def in_order() -> list[tuple[Right, str]]:
    """Return what is demanded where, acts that end something last."""
    every = [(right, address) for right, each in DEMANDED.items() for address in each]
    return sorted(every, key=lambda one: (one[1].startswith("POST"), one[1].endswith(LAST)))


async def test_no_page_of_staff_shows_words_of_citizens_without_a_line_in_the_log(
    it: Program, client: httpx.AsyncClient
) -> None:
    names, caption = await city(it, client), "This door is too heavy for me"
    with it.database.transaction() as db:
        one = db.execute(select(answers.c.id).where(answers.c.text.is_not(None)).limit(1)).scalar_one()
        sent = {"verb": "photo", "file": "door.jpg", "quotable": True, "text": caption, "counted_at": NOW}
        db.execute(update(answers).where(answers.c.id == one).values(**sent))
    client.cookies.clear()
    await entered(it, client, *((role, "*") for role in ROLES))
    with it.database.reading() as db:
        words = set(db.execute(select(answers.c.text).where(answers.c.text.is_not(None))).scalars())
    words |= {"There is a gas leak", "Where is the &lt;lift&gt;"}
    showing = set()
    for address in sorted(each for each in addresses(it) if each.startswith("GET /manage")):
        _, path = filled(address, names)
        before = _looks(it)
        page = await client.get(path, params={"week": BEHIND} if address == "GET /manage/answers/{service}" else {})
        if any(text in page.text for text in words):
            showing.add(address)
            assert _looks(it) > before, address
    files, said = f"GET {ROUND}/files", f"GET {THREAD}"
    assert {files, said, f"GET {URGENT}", "GET /manage/answers/{service}"} <= showing


async def test_who_takes_figures_away_is_in_the_log(it: Program, client: httpx.AsyncClient) -> None:
    names = await city(it, client)
    client.cookies.clear()
    await entered(it, client, *((role, "*") for role in ROLES))
    digest, round_ = "/manage/digests/library/now", f"/manage/rounds/{names['code']}"
    paths = [f"{digest}/{each}" for each in ("page.pdf", "figures.xlsx", "digest.json")]
    for path in (*paths, f"{round_}/results.csv", f"{round_}/page.zip"):
        before = _looks(it)
        assert (await client.get(path)).status_code == 200, path
        assert _looks(it) == before + 1, path
    with it.database.reading() as db:
        assert json.loads(looks.of(db, "library")[0].what)["did"] == "figures_exported"


def _looks(it: Program) -> int:
    with it.database.reading() as db:
        return len(looks.of(db, "library", None))


async def test_who_is_not_signed_in_reads_how_to_get_in(it: Program, client: httpx.AsyncClient) -> None:
    names = await city(it, client)
    client.cookies.clear()
    for address in (*(one for _, one in in_order()), *(OWN - {"POST /manage/sign-out"})):
        verb, path = filled(address, names)
        assert (await client.request(verb, path)).status_code == 401, address


async def test_a_form_without_the_sign_of_its_session_does_nothing(it: Program, client: httpx.AsyncClient) -> None:
    names = await city(it, client)
    client.cookies.clear()
    await entered(it, client, *((role, "*") for role in ROLES))
    for _, address in in_order():
        verb, path = filled(address, names)
        if verb == "POST":
            assert (await client.post(path, data={"stamp": "guessed"})).status_code == 403, address


def test_the_page_about_roles_is_what_the_code_says() -> None:
    assert roles.DOC.read_text(encoding="utf-8") == roles.page(), "python -m tests.support.roles writes it anew"
