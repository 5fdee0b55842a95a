"""A question about health or belief is asked by no flow, wherever in it it stands."""

from __future__ import annotations

import pytest

from flows.catalog import PACKAGED, Catalog
from tests.flows.talk import files_of

BANK = {
    f"items/{name}": (PACKAGED / "items" / name).read_text(encoding="utf-8") for name in ("about.toml", "scales.toml")
}
ASKED = '\n[states.h]\nitem = "you.disability"\n\n[states.bye]\nend = "Thank you."\n'
FIRST = '\n[states.a]\nask = "What is it?"\n'


@pytest.mark.parametrize(("states", "start"), [(ASKED, "h"), (FIRST + ASKED, "a")])
def test_it_is_told_with_what_to_do(states: str, start: str) -> None:
    (found,) = [one for one in Catalog.of({**files_of(states, start=start), **BANK}).issues if one.code == "guarded"]
    assert (found.severity, found.line) == ("error", 1 + _line(files_of(states, start=start)))
    assert "Leave it out" in found.message


def _line(files: dict[str, str]) -> int:
    (text,) = [each for each in files.values() if "[states.h]" in each]
    return text[: text.index("[states.h]")].count("\n")
