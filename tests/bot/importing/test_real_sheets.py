"""Forms that others wrote: what becomes of each, and that nothing of it is silently another.

The judge is the XForm that pyxform makes of the same form: random people walk through the flow, and at every step the
question they are asked must be the one that ODK would ask them.
"""

from __future__ import annotations

import random
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from pyxform.errors import PyXFormError

from bot.importing.xlsform import Wishes, carry
from tests.bot.importing.trial import Trial, catalog

if TYPE_CHECKING:
    from bot.importing.xlsform import Imported

ARCHIVE = zipfile.ZipFile(Path(__file__).parent / "sheets" / "pyxform.zip")
SHEETS = sorted(name for name in ARCHIVE.namelist() if name != "LICENSE")
WALKS = 25


@cache
def imported(sheet: str) -> Imported:
    return carry(ARCHIVE.read(sheet), PurePath(sheet).name, Wishes(), catalog())


@cache
def trials() -> dict[str, Trial]:
    """Give every form that is carried and that pyxform takes."""
    found = {}
    for sheet in SHEETS:
        if imported(sheet).files:
            try:
                found[sheet] = Trial(ARCHIVE.read(sheet), PurePath(sheet).name, imported(sheet))
            except PyXFormError:
                assert any(one.sheet == "form" for one in imported(sheet).losses), sheet
    return found


def test_so_many_forms_are_carried() -> None:
    verdicts = Counter(imported(sheet).verdict for sheet in SHEETS)
    assert verdicts["fully"] >= 21
    assert verdicts["fully"] + verdicts["with losses"] >= 58
    assert verdicts.total() == 67


def test_a_form_that_is_carried_fully_can_be_asked_as_it_is() -> None:
    assert [sheet for sheet in SHEETS if imported(sheet).verdict == "fully" and not imported(sheet).is_sound] == []


def test_a_form_that_is_not_carried_says_why() -> None:
    assert [sheet for sheet in SHEETS if not imported(sheet).files and not imported(sheet).reason] == []


def test_everything_a_form_asks_and_offers_is_in_the_flow_or_told() -> None:
    assert len(trials()) >= 45
    assert {sheet: found for sheet, trial in trials().items() if (found := [*trial.gone()])} == {}


def test_the_flow_takes_the_answers_that_the_form_takes() -> None:
    assert {sheet: found for sheet, trial in trials().items() if (found := [*trial.loose()])} == {}


def test_the_flow_asks_everybody_what_the_form_would_ask_them() -> None:
    chance = random.Random(20261123)  # noqa: S311 - the same people every time
    astray = {sheet: {trial.walk(chance) for _ in range(WALKS)} - {""} for sheet, trial in trials().items()}
    assert {sheet: found for sheet, found in astray.items() if found} == {}
