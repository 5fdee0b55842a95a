"""A service is taken out of the configuration while rounds, answers and actions of it are there: each page is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.rights import ROLES
from tests.bot.channels.web.test_rights import DEMANDED, city, filled
from tests.bot.channels.web.test_staff_pages import entered

if TYPE_CHECKING:
    import httpx

    from tests.bot.channels.web.stage import Program

GONE = "library"


async def test_every_page_of_the_browser_is_shown(it: Program, client: httpx.AsyncClient) -> None:
    names = await city(it, client)
    client.cookies.clear()
    await entered(it, client, *((role, "*") for role in ROLES))
    left = tuple(service for service in it.config.services if service.key != GONE)
    it.config = replace(it.config, services=left)
    it.with_flow()
    looks = sorted({each for one in DEMANDED.values() for each in one if each.startswith("GET")})
    codes = [names[state] for state in ("code", "draft", "closed")]
    paths = {filled(address, {**names, "code": code})[1] for address in looks for code in codes}
    paths |= {path for code in codes for path in (f"/rounds/{code}", f"/chat?start={code}", "/", "/rounds", "/chat")}
    for path in sorted(paths):
        assert (await client.get(path)).status_code < 500, path
    listed = (await client.get("/manage")).text
    assert [code for code in codes if f"/manage/rounds/{code}" not in listed] == []
