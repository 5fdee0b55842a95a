"""A question about health or belief is asked only after a yes of its own, wherever in the flow it stands."""

from __future__ import annotations

import pytest

from flows.catalog import PACKAGED, Catalog
from tests.flows.talk import files_of

BANK = {
    f"items/{name}": (PACKAGED / "items" / name).read_text(encoding="utf-8") for name in ("about.toml", "scales.toml")
}
GATE = """
[states.may]
choose = "May we ask about your health?"
why = "The law (GDPR, Article 9) guards what you say here."
role = "gate"
options = [{ id = "yes", label = "Yes", next = "h" }, { id = "no", label = "No", next = "bye" }]
next = "bye"
"""
ASKED = '\n[states.h]\nitem = "you.disability"\n\n[states.bye]\nend = "Thank you."\n'
FIRST = '\n[states.a]\nask = "What is it?"\n'


@pytest.mark.parametrize(
    ("states", "start", "told"),
    [
        (GATE + ASKED, "may", 0),
        (ASKED, "h", 1),
        (GATE + ASKED, "h", 1),
        (FIRST + ASKED, "a", 1),
        (GATE.replace('role = "gate"\n', "") + ASKED, "may", 1),
        (GATE.replace(', next = "bye"', ', next = "h"') + ASKED, "may", 1),
    ],
    ids=["after its yes", "as the first", "as the first, its yes unreached", "after another", "no gate", "after a no"],
)
def test_it_is_told_unless_a_yes_alone_leads_there(states: str, start: str, told: int) -> None:
    issues = Catalog.of({**files_of(states, start=start), **BANK}).issues
    assert [issue.code for issue in issues].count("no-ground") == told
