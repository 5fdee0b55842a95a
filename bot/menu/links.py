"""One-time links from the chat into the browser: short-lived, and only so many at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bot.rounds.record import public_url
from bot.texts import texts
from flows.words import fill
from storage import people
from storage.people import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from sqlalchemy import Connection

    from bot.config import Config
    from storage.sealing import Keys

LASTS = timedelta(minutes=30)
"""How long a sign-in link works."""
MOST = 5
"""So many links a person gets in this time: nobody needs more, and a chat left open gives away no store of them."""
SIGN_IN = "sign_in"


class Links:
    """Gives staff their way into the browser. Groups are not read at all, so a link is only ever said in private."""

    def __init__(
        self, config: Config, phrases: Mapping[str, Mapping[str, str]], keys: Keys, mint: Callable[[], str]
    ) -> None:
        self._config = config
        self._phrases = phrases
        self._keys = keys
        self._mint = mint

    def sign_in(self, db: Connection, person: int, language: str, now: datetime, to: str = "") -> str:
        """Return a link that lets this person in once, in words, to the page `to`; or when they can have the next."""
        had = people.links_since(db, person, SIGN_IN, now - LASTS)
        if len(had) >= MOST:
            again = texts(language).hour((had[0] + LASTS).astimezone(self._config.city.zone))
            return texts(language)("menu.link_often", again=again)
        token, expires = self._mint(), now + LASTS
        people.add_link(db, Link(self._keys.token_hash(token), SIGN_IN, now, expires, person_id=person))
        until = texts(language).hour(expires.astimezone(self._config.city.zone))
        values = {"until": until, "url": sign_in_url(self._config, token, to)}
        return fill(self._phrases[language]["manage_link"], values).strip()


def sign_in_url(config: Config, token: str, to: str = "") -> str:
    """Return the address at which a one-time link lets its owner in, to the page `to` of staff where one is named."""
    return f"{public_url(config)}/manage/sign-in?{urlencode({'token': token} | ({'to': to} if to else {}), safe='/')}"
