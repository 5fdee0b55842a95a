"""By what people who answer and people who live in a city can be compared: area, language, questions with options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.rounds.tongues import in_language
from bot.texts import locale
from flows.model import Choose
from flows.words import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.config import Config, Service
    from bot.rounds.tongues import Text
    from flows.bank import Bank, Item
    from flows.model import Flow

AREA, LANGUAGE = "area", "language"
ABOUT = "you."
"""What the ids of items about the person begin with; a variable is called by the rest."""
NO_GROUPS = frozenset({"role"})
"""Items about the person that tell what they speak for, not who they are."""
OUTSIDE = frozenset({"outside", "rather_not"})
"""Options that are no group of residents."""
REST = "rest"
"""Everybody who lives in the city and belongs to none of the groups that are named."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One thing to compare by; `groups` maps an option's id to its label, one or one per language."""

    key: str
    question: Text
    """What is asked; empty for area and language, whose names say it."""
    groups: Mapping[str, Text]
    item: str = ""
    """Id of the item of the bank that asks it."""
    state: str = ""
    """The flow's own question that asks it."""

    def label(self, group: str, reader: str) -> str:
        """Return what a group is called in the language `reader`."""
        if self.key == LANGUAGE:
            return str(locale(reader).languages.get(group, group))
        return in_language(self.groups.get(group, group), reader)

    def find(self, name: str) -> str | None:
        """Return the group that has this id, or this label in any language; `rest` is one, too."""
        if fold(name) == REST:
            return REST
        wanted = fold(name.replace("_", " "))
        return next((each for each in self.groups if wanted in map(fold, self._names(each))), None)

    def _names(self, group: str) -> Iterable[str]:
        label = self.groups[group]
        yield group.replace("_", " ")
        yield from [label] if isinstance(label, str) else label.values()
        if self.key == LANGUAGE:
            yield from (str(locale(reader).languages.get(group, group)) for reader in (*self.groups, "en"))


def of_city(config: Config, bank: Bank) -> dict[str, Variable]:
    """Return by what a whole city can be described, whichever round asks."""
    areas = {id_: label for service in config.services for id_, label in service.areas}
    found = [Variable(AREA, "", areas, item=ABOUT + AREA), _language(config.city.languages)]
    found += [_item(item) for item in bank.items.values() if _tells(item.id) and item.id != ABOUT + AREA]
    return {each.key: each for each in found if each.groups}


def of_round(flow: Flow, service: Service, config: Config, bank: Bank) -> dict[str, Variable]:
    """Return by what those who answer a round of this flow, its gaps filled, can be told apart."""
    asked = [state for state in flow.script(flow.language).states.values() if isinstance(state, Choose)]
    items = {state.item for state in asked if state.item}
    own = {AREA: Variable(AREA, "", dict(service.areas), item=ABOUT + AREA), LANGUAGE: _language(service.languages)}
    found = [
        own.get(each.key, each) for each in of_city(config, bank).values() if each.key == LANGUAGE or each.item in items
    ]
    found += [
        _own(flow, state.id) for state in asked if state.role is None and not (state.item or "").startswith(ABOUT)
    ]
    return {each.key: each for each in found if each.groups}


def _tells(item: str) -> bool:
    return item.startswith(ABOUT) and item.removeprefix(ABOUT) not in NO_GROUPS


def _language(languages: Iterable[str]) -> Variable:
    return Variable(LANGUAGE, "", {one: one for one in languages})


def _item(item: Item) -> Variable:
    labels = {
        option.id: {language: item.label(option.id, language) for language in item.words}
        for option in item.options
        if option.id not in OUTSIDE
    }
    asked = {language: item.text(language) for language in item.words}
    return Variable(item.id.removeprefix(ABOUT), asked, labels, item=item.id)


def _own(flow: Flow, state: str) -> Variable:
    """Return a question of the flow's own."""
    scripts = {language: flow.script(language).states[state] for language in flow.languages}
    labels: dict[str, dict[str, str]] = {}
    for language, asked in scripts.items():
        for option in asked.options if isinstance(asked, Choose) else ():
            labels.setdefault(option.id, {})[language] = option.label
    return Variable(state, {language: asked.text for language, asked in scripts.items()}, labels, state=state)
