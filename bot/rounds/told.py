"""What a round takes from the configuration, as it was when the round was signed or opened. Pure.

From then on it goes by that: it asks the same questions in the same languages with the same options, and tells the same
legal ground and how long answers are kept, whatever becomes of the configuration. Where people find help is always told
as it is now.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.config import Service
from bot.rounds import kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.config import Config

MONTHS = "answers_months"
"""How long answers are kept; of a round without an end it is not written down, as each is told a day of their own."""


def written(config: Config, service: str, *, ends: bool) -> str:
    """Write down what a round of a service takes from the configuration; `ends`: it has an end."""
    of, city, privacy = config.service_of(service), config.city, config.privacy
    said: dict[str, Any] = {
        "city": {"name": city.name, "org": dict(city.org), "languages": list(city.languages)},
        "service": {
            "name": dict(of.name),
            "in_sentence": dict(of.in_sentence),
            "languages": list(of.languages),
            "steps": _listed(of.steps),
            "areas": _listed(of.areas),
        },
        "privacy": {"url": privacy.url, "law": dict(privacy.law), "minimum_age": privacy.minimum_age},
        "record": {"contact_person": city.human_contact},
    }
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    return with_months(text, config) if ends else text


def with_months(text: str, config: Config) -> str:
    """Write down beside it how long answers are kept: from now on the round has an end."""
    said = kept.read(text, "configuration")
    said["privacy"][MONTHS] = config.privacy.answers_months
    return json.dumps(said, ensure_ascii=False, sort_keys=True)


def laid_over(config: Config, service: str, text: str | None) -> Config:
    """Return the configuration as a round of a service goes by it. Raises `Trouble` where the text is unreadable."""
    if text is None:
        return config
    said = kept.read(text, "configuration")
    try:
        return _laid_over(config, service, said)
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise kept.unreadable("configuration") from wrong


def of_record(text: str | None) -> Mapping[str, str]:
    """Return what stands in for fields of the record that say nothing. Raises `Trouble` where it is unreadable."""
    said = {} if text is None else kept.read(text, "configuration").get("record", {})
    if not isinstance(said, dict):
        raise kept.unreadable("configuration")
    return said


def _laid_over(config: Config, service: str, said: Mapping[str, Any]) -> Config:
    city, of = dict(said["city"]), dict(said["service"])
    more = [one for one in city.pop("languages") if one not in config.city.languages]
    now = config.service_of(service)
    then = Service(
        **{
            "key": service,
            "stages": now.stages,
            **of,
            "languages": tuple(of["languages"]),
            "steps": _rows(of["steps"]),
            "areas": _rows(of["areas"]),
        }
    )
    others = [each for each in config.services if each.key != service]
    return replace(
        config,
        city=replace(config.city, **city, languages=(*config.city.languages, *more)),
        services=(then, *others),
        privacy=replace(config.privacy, **said["privacy"]),
    )


def _listed(rows: Iterable[tuple[str, Mapping[str, str]]]) -> list[tuple[str, dict[str, str]]]:
    return [(id_, dict(label)) for id_, label in rows]


def _rows(rows: Iterable[Iterable[Any]]) -> tuple[tuple[str, dict[str, str]], ...]:
    return tuple((str(id_), dict(label)) for id_, label in rows)
