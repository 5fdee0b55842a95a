"""A flow as a picture and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.diagram import arrows, mermaid, table
from tests.flows.talk import flow_of

if TYPE_CHECKING:
    from flows.catalog import Catalog

FLOW = flow_of("""
[states.like]
choose = 'Do you "like" it | <now>?'
options = [{ id = "yes", label = "Yes" }, { id = "no", label = "No (never)", next = "end" }]
[states.reason]
ask = "Why?"
next = [{ when = { like = ["yes", "no"], reason = { answered = true } }, to = "hm" }, { to = "end" }]
[states.hm]
say = "Hm."
[states.end]
end = "Bye."
""")


def test_a_picture_shows_every_way_with_what_leads_there() -> None:
    assert (
        mermaid(FLOW)
        == """flowchart TD
    s_like{{"Do you &quot;like&quot; it / &lt;now&gt;?"}}
    s_reason["Why?"]
    s_hm>"Hm."]
    s_end(["Bye."])
    s_like -->|"No (never)"| s_end
    s_like --> s_reason
    s_reason -->|"like ∈ yes / no, reason answered"| s_hm
    s_reason -->|"else"| s_end
    s_hm --> s_end
"""
    )


def test_counts_of_moves_stand_on_the_arrows() -> None:
    picture = mermaid(FLOW, {("like", "end"): 3, ("hm", "end"): 5})
    assert 's_like -->|"No (never) · 3"| s_end' in picture
    assert 's_hm -->|"5"| s_end' in picture


def test_a_table_has_a_line_for_each_state() -> None:
    lines = table(FLOW).splitlines()
    assert [line.split()[0] for line in lines] == ["state", "like", "reason", "hm", "end"]
    assert "Yes / No (never)" in lines[1]
    assert "end (No (never)); reason" in lines[1]


def test_every_packaged_flow_can_be_drawn(catalog: Catalog) -> None:
    for flow in catalog.flows:
        assert len(mermaid(flow).splitlines()) == 1 + len(flow.scripts["en"].states) + len(arrows(flow))
        assert len(table(flow, "es").splitlines()) == 1 + len(flow.scripts["es"].states)
