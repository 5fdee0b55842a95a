"""What changed between two versions, as a list an organiser reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from flows.changes import KINDS, Change, changes
from tests.flows.talk import flow_of

if TYPE_CHECKING:
    from flows.catalog import Catalog

STATES = """
[states.like]
choose = "Do you like it?"
why = "To learn."
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No" }]

[states.reason]
ask = "Why?"

[states.often]
number = "How often?"
least = 0
most = 7

[states.bye]
end = "Thank you."
"""
SPANISH = """
of = { flow = "small", version = 1 }
language = "es"
title = "S"
[states.like]
choose = "¿Le gusta?"
why = "Para aprender."
options = { yes = "Sí", no = "No" }
[states.reason]
ask = "¿Por qué?"
[states.often]
number = "¿Cuántas veces?"
[states.bye]
end = "Gracias."
"""
EXTRA = '[states.extra]\nask = "And else?"\n\n[states.bye]'
OLD = flow_of(STATES, beside={"small.es.toml": SPANISH})


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("[states.bye]", EXTRA, [Change("added", "extra", new="And else?"), Change("ways", "often")]),
        ('[states.reason]\nask = "Why?"\n', "", [Change("removed", "reason", old="Why?"), Change("ways", "like")]),
        ("Do you like it?", "Is it good?", [Change("words", "like", "Do you like it?", "Is it good?")]),
        ("To learn.", "To know.", [Change("why", "like", "To learn.", "To know.")]),
        ('ask = "Why?"', 'photo = "Why?"', [Change("verb", "reason", "ask", "photo")]),
        (
            '{ id = "no", label = "No" }',
            '{ id = "so", label = "So-so" }',
            [Change("option_added", "like", new="So-so"), Change("option_removed", "like", old="No")],
        ),
        ('label = "No"', 'label = "Not"', [Change("option_words", "like", "No", "Not")]),
        (
            '{ id = "yes", label = "Yes" }, { id = "no", label = "No" }',
            '{ id = "no", label = "No" }, { id = "yes", label = "Yes" }',
            [Change("option_order", "like")],
        ),
        ('label = "No"', 'label = "No", next = "bye"', [Change("ways", "like")]),
        ("most = 7", "most = 9", [Change("rules", "often")]),
    ],
)
def test_each_kind_of_change_is_told_once(old: str, new: str, found: list[Change]) -> None:
    assert STATES.count(old) == 1
    newer = flow_of(STATES.replace(old, new), beside={})
    assert [one for one in changes(OLD, newer) if one.kind != "language_removed"] == found


def test_a_question_that_moved_is_told_and_its_neighbours_are_not() -> None:
    like, reason, often, bye = (f"[states.{part}" for part in STATES.split("[states.")[1:])
    found = changes(OLD, flow_of(like + often + reason + bye, beside={"small.es.toml": SPANISH}))
    assert len([one for one in found if one.kind == "moved"]) == 1
    assert {one.kind for one in found} == {"moved", "ways"}


def test_languages_and_translations_are_told() -> None:
    assert changes(flow_of(STATES), OLD) == [Change("language_added", new="es")]
    assert changes(OLD, flow_of(STATES)) == [Change("language_removed", old="es")]
    newer = flow_of(STATES, beside={"small.es.toml": SPANISH.replace("¿Por qué?", "¿Y por qué?")})
    assert changes(OLD, newer) == [Change("translated", new="es")]


def test_what_is_the_same_has_no_changes(catalog: Catalog) -> None:
    assert changes(OLD, OLD) == []
    assert all(changes(flow, flow) == [] for flow in catalog.flows)


def test_any_two_flows_can_be_compared(catalog: Catalog) -> None:
    found = {one.kind for old in catalog.flows for new in catalog.flows for one in changes(old, new)}
    assert {"added", "removed", "title"} <= found <= set(KINDS)
