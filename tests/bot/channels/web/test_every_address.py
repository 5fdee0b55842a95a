"""Whatever is sent to whichever address: nothing fails, and nobody reads what is of another service."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from bot.channels.web.pages import HOME
from bot.rights import ROLES
from tests.bot.channels.web.stage import Program, served
from tests.bot.channels.web.test_entering_pages import client_of
from tests.bot.channels.web.test_rights import addresses, city, filled, in_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    Case = schemathesis.Case

EXAMPLES = 8
"""Requests to each address: some 125 addresses and three visitors make three thousand."""
LONGEST = 300
SECRETS = ("I stood there for", "Where is the &lt;lift&gt;", "Sealed draft", "A desk", "There is a gas leak")
"""What only the people of the library may read."""
VISITORS = {
    "nobody": (),
    "another service's": [(role, "bus7") for role in ROLES],
    "everything": [(r, "*") for r in ROLES],
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", VISITORS)
async def test_nothing_fails_and_nothing_leaks(it: Program, who: str) -> None:
    async with client_of(it) as client:
        names = {**await city(it, client), "sealed": it.round("Sealed draft")}
    with served(it) as url:
        session, mark = inside(it, url, who)
        asked, read = 0, looked(url, session, names)
        for address in sorted(addresses(it)):
            asked += tried(url, session, mark, address, names, read)
    assert asked > 500
    assert read == (set(SECRETS) if who == "everything" else set())


def inside(it: Program, url: str, who: str) -> tuple[requests.Session, str]:
    """Return the browser of a visitor, and the sign that its forms carry."""
    session = requests.Session()
    if not VISITORS[who]:
        return session, ""
    session.post(f"{url}/manage/sign-in", data={"token": it.link(*VISITORS[who], name="Eve")}, timeout=20)
    found = re.search(r'name="stamp" value="(\w+)"', session.get(f"{url}/manage/flows", timeout=20).text)
    assert found
    return session, found[1]


def looked(url: str, session: requests.Session, names: Mapping[str, str]) -> set[str]:
    """Look at every page as it is meant to be looked at; return what secrets were read."""
    read = set[str]()
    for _, address in in_order():
        verb, path = filled(address, names)
        if verb == "GET":
            told = session.get(f"{url}{path}", params={"week": "2026-W46"}, timeout=30).text
            read.update(each for each in SECRETS if each in told)
    return read


def tried(
    url: str, session: requests.Session, mark: str, address: str, names: Mapping[str, str], read: set[str]
) -> int:
    """Send many requests to one address; return how many were sent. What secrets were read is added to `read`."""
    verb, _, path = address.partition(" ")
    plain = re.sub(r"\{(\w+)(:int)?\}", r"{\1}", path)
    schema = schemathesis.openapi.from_dict(described(plain, verb.lower(), names, mark))
    sent = [0]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=schema[plain][verb].as_strategy())
    def ask(case: Case[Any]) -> None:
        sent[0] += 1
        with suppress(requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader):
            page = case.call(base_url=url, session=session, timeout=30, allow_redirects=False)
            told = page.content.decode("utf-8", "replace")
            assert page.status_code < 500, (address, case.path_parameters, case.query, case.body)
            read.update(each for each in SECRETS if each in told)

    if path == "/manage/sign-out":
        return 0
    ask()
    return sent[0]


def described(path: str, verb: str, names: Mapping[str, str], mark: str) -> dict[str, Any]:
    """Return one address as OpenAPI: what it may be asked with is what there is, or anything else."""
    known = sorted(set(names.values()))
    other = [{"enum": known}, {"type": "string", "minLength": 1, "maxLength": 40}]
    fitting = {**names, "name": names["entry"] if "/enter/" in path else names["name"], "number": names["number:int"]}
    inside_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"anyOf": [{"enum": [fitting.get(name, "x")]}, *other]},
        }
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    text = {
        "anyOf": [{"enum": ["", "1", "on", "2026-11-30", "2026-W46", *known]}, {"type": "string", "maxLength": LONGEST}]
    }
    after = [
        {"name": name, "in": "query", "schema": text} for name in ("week", "item", "page", "language", "to", "token")
    ]
    properties: dict[str, Any] = {**dict.fromkeys(fields(), text), "stamp": {"enum": [mark]}}
    stamped = {"type": "object", "properties": properties, "additionalProperties": False, "required": ["stamp"]}
    body = {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": stamped}}}}
    operation = {"parameters": [*inside_path, *after], "responses": {"200": {"description": "said"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "civicloop", "version": "1"},
        "paths": {path: {verb: {**operation, **(body if verb == "post" else {})}}},
    }


def fields() -> list[str]:
    """Return the names of the fields of all forms of the site."""
    pages = "".join(page.read_text(encoding="utf-8") for page in sorted((HOME / "templates").rglob("*.html")))
    return sorted(set(re.findall(r'name="([\w.-]+)"', pages)) - {"stamp"})
