"""The examples of flows/README.md are whole flows that can be played; what it says of the catalogue is so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flows.catalog import PACKAGED, Catalog
from flows.model import Ask

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (PACKAGED / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
SOURCE = next(block for block in BLOCKS if "\nflow = " in block)
SPANISH = next(block for block in BLOCKS if block.startswith("of = "))


def with_example(folder: Path) -> Catalog:
    """Return the catalogue with the page's flow and its translation in it."""
    (folder / "opening_hours.toml").write_text(SOURCE, encoding="utf-8")
    (folder / "opening_hours.es.toml").write_text(SPANISH, encoding="utf-8")
    return Catalog.load(extra=[folder])


def test_the_example_has_nothing_to_repair_in_either_language(tmp_path: Path) -> None:
    catalog = with_example(tmp_path)
    assert catalog.issues == []
    assert catalog.get("opening_hours").languages == ("en", "es")


def test_every_flow_stands_in_the_table_with_the_lists_it_needs(catalog: Catalog) -> None:
    for flow in catalog.flows:
        assert flow.stage
        row = next(line for line in PAGE.splitlines() if f"| `{flow.id}` |" in line and flow.stage.title() in line)
        named = set(re.findall(r"`([a-z]+)`", row.split("|")[-2]))
        assert named == flow.lists - {"areas"}, flow.id


def test_the_ways_on_of_the_page_are_read_as_it_says(tmp_path: Path) -> None:
    ways = next(block for block in BLOCKS if block.startswith("next = ["))
    states = {"what_went_wrong", "reason"}
    flow = SOURCE.replace('next = "thanks"\n', ways) + "".join(
        f'\n[states.{state}]\nask = "Tell us more?"\nnext = "thanks"\n' for state in sorted(states)
    )
    (tmp_path / "ways.toml").write_text(flow.replace('"opening_hours"', '"ways"'), encoding="utf-8")
    assert not [issue for issue in Catalog.load(extra=[tmp_path]).issues if issue.code != "missing-translation"]


def test_the_end_that_asks_again_is_read_as_it_says(tmp_path: Path) -> None:
    block = next(block for block in BLOCKS if "again_after_days" in block)
    closing = '[states.closing]\nitem = "pil.ready"\nnext = "thanks"\n'
    flow = SOURCE.replace('next = "thanks"\n', f'next = "again"\n\n{block}\n{closing}').replace('"round"', '"pulse"')
    (tmp_path / "again.toml").write_text(flow.replace('"opening_hours"', '"again"'), encoding="utf-8")
    catalog = Catalog.load(extra=[tmp_path])
    assert [issue for issue in catalog.issues if issue.severity == "error"] == []
    assert catalog.get("again").comes_back == {"until_then": 7}


def test_the_question_that_joins_messages_is_read_as_it_says(tmp_path: Path) -> None:
    block = next(block for block in BLOCKS if "joins_within_seconds" in block)
    flow = SOURCE.replace("[states.overall]", f'{block}next = "overall"\n\n[states.overall]', 1)
    flow = flow.replace('next = "overall"\n\n[states.problem]', 'next = "problem"\n\n[states.problem]')
    (tmp_path / "joins.toml").write_text(flow.replace('"opening_hours"', '"joins"'), encoding="utf-8")
    catalog = Catalog.load(extra=[tmp_path])
    assert not [issue for issue in catalog.issues if issue.code != "missing-translation"]
    asked = catalog.get("joins").scripts["en"].states["problem"]
    assert isinstance(asked, Ask)
    assert asked.joins_within == 20
