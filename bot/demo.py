"""What a start prints; and, in the untouched sample city alone, a round to answer and three people to sign in as."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.menu.links import sign_in_url
from bot.rights import APPROVER, MANAGER, ORGANISER
from bot.rounds.record import public_url
from bot.texts import texts
from storage import people, rounds
from storage.people import EVERY_SERVICE, Link

if TYPE_CHECKING:
    from bot.app import App
    from bot.texts import Texts

FLOW = "deliver_pulse"
LASTING = timedelta(hours=12)
"""How long the printed links work."""


def prepare(app: App) -> list[str]:
    """Return the lines to print. In the sample city, first open a round if there is none at all."""
    words = texts(app.config.city.languages[0])
    chat = f"{public_url(app.config)}/chat"
    if not app.config.sample:
        return [words("start.chat", url=chat), words("start.pages", url=f"{public_url(app.config)}/manage")]
    _sample_round(app, words)
    ends = (app.clock() + LASTING).astimezone(app.config.city.zone)
    return [
        words("start.chat", url=chat),
        words("start.organiser", url=_link(app, ORGANISER, words)),
        words("start.manager", url=_link(app, MANAGER, words)),
        words("start.approver", url=_link(app, APPROVER, words)),
        words("start.sample", until=f"{words.moment(ends)} {ends:%Z}"),
    ]


def _sample_round(app: App, words: Texts) -> None:
    """Open a pulse for the first service, so that a newcomer can answer at once."""
    with app.database.reading() as db:
        if rounds.find(db):
            return
    service = app.config.services[0].key
    made = app.rounds.create(service=service, flow=FLOW, title=words("start.round"), record={})
    app.rounds.open(made.code)


def _link(app: App, role: str, words: Texts) -> str:
    """Return a one-time sign-in link for the sample city's person with this role."""
    token, now = app.mint(), app.clock()
    with app.database.transaction() as db:
        known = people.with_role(db, role)
        if known:
            person = known[0][0]
        else:
            person = people.add(db, words(f"start.{role}_name"), words.language, now)
            people.grant(db, person.id, role, EVERY_SERVICE, now)
        people.add_link(db, Link(app.keys.token_hash(token), "sign_in", now, now + LASTING, person_id=person.id))
    return sign_in_url(app.config, token)
