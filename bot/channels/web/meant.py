"""Whom a round asks and when, in words: for whoever signs it, and for whoever looks at it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.rounds.lifecycle import LINK
from bot.rounds.tongues import in_language
from bot.texts import own_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.words import Words
    from bot.config import Config


def lines(round_: RoundView, config: Config, words: Words) -> list[tuple[str, str]]:
    """Return what is set about whom a round asks, each as (what it is, what is set)."""
    found = [(words("form.audience"), audience(round_.audience, words))]
    return (
        found
        if round_.audience == LINK and not round_.whom.lists
        else [*found, *_chosen(round_, config, words), *_sending(round_, config, words)]
    )


def audience(name: str, words: Words) -> str:
    """Return what an audience is called where no other stands beside it."""
    return words("form.link" if name == LINK else f"asking.whole_{name}")


def _chosen(round_: RoundView, config: Config, words: Words) -> Iterator[tuple[str, str]]:
    whom, areas = round_.whom, {id_: label for service in config.services for id_, label in service.areas}
    names: Mapping[str, list[str]] = {
        "services": [config.service_of(one).label(words.language) for one in whom.services],
        "areas": [in_language(areas.get(one, one), words.language) for one in whom.areas],
        "languages": [own_name(one) for one in whom.languages],
        "stages": [words(f"stage.{one}") for one in whom.stages],
        "themes": list(whom.themes),
    }
    yield from ((words(f"asking.{name}"), ", ".join(said)) for name, said in names.items() if said)
    if whom.sample:
        yield words("asking.sample"), words.number(whom.sample)
    for one in whom.lists:
        yield words("asking.list"), f"{words('asking.held', n=words.number(one.people))} {one.ground}"


def _sending(round_: RoundView, config: Config, words: Words) -> Iterator[tuple[str, str]]:
    if round_.spread_hours:
        yield words("asking.spread"), words.number(round_.spread_hours)
    if round_.remind_at:
        yield words("asking.remind"), words.moment(round_.remind_at.astimezone(config.city.zone))
