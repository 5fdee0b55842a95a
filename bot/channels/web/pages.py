"""From facts to HTML: one environment, one set of facts every page gets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from zoneinfo import ZoneInfo

import jinja2
from starlette.responses import HTMLResponse, RedirectResponse

from bot.channels.web.safety import network
from bot.channels.web.words import Dictionary, Words, preferred
from bot.rounds.record import title
from bot.texts import own_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import Backstage, RoundView

HOME = Path(__file__).parent
LANGUAGE_COOKIE = "civicloop_language"


@dataclass(frozen=True)
class Pages:
    """Renders templates for visitors in their language."""

    backstage: Backstage
    dictionary: Dictionary
    version: str
    """Changes with the static files, so that browsers fetch them anew."""

    @cached_property
    def environment(self) -> jinja2.Environment:
        """The templates."""
        return environment()

    @property
    def offered(self) -> tuple[str, ...]:
        """The city's languages."""
        return tuple(self.backstage.config.city.languages)

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.backstage.config.city.time_zone)

    @property
    def secure(self) -> bool:
        """Whether citizens reach us over HTTPS, so that cookies may insist on it."""
        return self.backstage.config.web.public_url.startswith("https://")

    def cookie(self, name: str) -> str:
        """Return what a cookie is called: over HTTPS so that no other host of the city and no plain HTTP can set it."""
        return f"__Host-{name}" if self.secure else name

    def language(self, request: Request) -> str:
        """Return the language chosen on the page, else a member of staff's own, else the one the browser prefers."""
        for wish in (request.cookies.get(self.cookie(LANGUAGE_COOKIE)), getattr(request.state, "own_language", None)):
            if wish in self.offered:
                return str(wish)
        return preferred(request.headers.get("accept-language", ""), self.offered)

    def words(self, request: Request, language: str | None = None) -> Words:
        """Return the sentences of the page in `language`, or in the visitor's."""
        return self.dictionary.words(language or self.language(request))

    def page(self, request: Request, template: str, *, status: int = 200, **facts: object) -> HTMLResponse:
        """Return `template` filled with `facts` and what every page shows."""
        common = self._common(request, self.language(request))
        return HTMLResponse(self.environment.get_template(template).render(common, **facts), status)

    def part(self, template: str, macro: str, *arguments: object) -> str:
        """Return what one macro of a template makes of `arguments`."""
        return str(getattr(self.environment.get_template(template).module, macro)(*arguments))

    def _common(self, request: Request, chosen: str) -> Mapping[str, Any]:
        city = self.backstage.config.city
        return {
            "t": self.dictionary.words(chosen),
            "chosen": chosen,
            "languages": [(code, own_name(code)) for code in self.offered],
            "here": _here(request),
            "city": city.name,
            "org": city.speaker(chosen),
            "human": city.human_contact,
            "version": self.version,
            "problem": "",
        }


def environment() -> jinja2.Environment:
    """Return the templates; everything put into them is escaped, every name must exist."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HOME / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["title_of"] = _title_of
    return made


def _title_of(round_: RoundView, language: str) -> str:
    """Return a round's title in a language, where its record has it there; else as it was first written."""
    return title(round_.record, round_.title, language)


def pages_of(request: Request) -> Pages:
    """Return the renderer of this site."""
    return cast("Pages", request.app.state.pages)


def backstage_of(request: Request) -> Backstage:
    """Return the program behind this site."""
    return pages_of(request).backstage


def network_of(request: Request) -> str:
    """Return what the visitor's network is known by for a while: a hash under our key, never the address."""
    of = network(request.client.host if request.client else "")
    return backstage_of(request).keys.token_hash(f"network {of}").hex()


def cookie_of(request: Request, name: str) -> str | None:
    """Return what the browser keeps for us under `name`."""
    return request.cookies.get(pages_of(request).cookie(name))


def set_cookie(
    request: Request, response: Response, name: str, value: str, *, age: timedelta, strict: bool = False
) -> None:
    """Let the browser keep `value` for `age`, where no script can read it.

    `strict`: it comes back only from our own pages, not where a link elsewhere leads here.
    """
    pages, seconds = pages_of(request), int(age.total_seconds())
    which: Literal["strict", "lax"] = "strict" if strict else "lax"
    response.set_cookie(
        pages.cookie(name), value, max_age=seconds, path="/", secure=pages.secure, httponly=True, samesite=which
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Let the browser forget what it keeps under `name`."""
    pages = pages_of(request)
    response.delete_cookie(pages.cookie(name), path="/", secure=pages.secure, httponly=True)


def to(path: str) -> RedirectResponse:
    """Send the browser on to `path` with a GET, so that a reload repeats nothing."""
    return RedirectResponse(path, 303)


def local(path: str, otherwise: str = "/") -> str:
    """Return `path` where it stays on this site, so that no form can send visitors elsewhere."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and "\\" not in path and path.isprintable()
    return path if safe else otherwise


def _here(request: Request) -> str:
    return request.url.path if request.method == "GET" else "/"
