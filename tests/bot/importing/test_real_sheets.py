"""Forms that others wrote: what becomes of each, and that nothing of it is silently another.

The judge is the XForm that pyxform makes of the same form: random people walk through the flow, and at every step the
question they are asked must be the one that ODK would ask them, with the choices it would offer, and in the end the
columns must be what it would have calculated.
"""

from __future__ import annotations

import random
import zipfile
from collections import Counter
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from bot.importing.xlsform import Wishes, carry
from flows.catalog import PACKAGED
from tests.bot.importing.trial import Trial, catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.importing.xlsform import Imported
    from tests.bot.importing.xform import Mend

ARCHIVE = zipfile.ZipFile(Path(__file__).parent / "sheets" / "pyxform.zip")
SHEETS = sorted(name for name in ARCHIVE.namelist() if name != "LICENSE")
WALKS = 25
GUIDE = " ".join((PACKAGED / "README.md").read_text(encoding="utf-8").split())


@cache
def imported(sheet: str) -> Imported:
    return carry(ARCHIVE.read(sheet), PurePath(sheet).name, Wishes(), catalog())


UNLABELLED: Mend = {2: {"label": "?"}}
WITHOUT_INCLUDE: Mend = {3: {}}
WITHOUT_CASCADE: Mend = {16: {}, 17: {"label": "?"}}
MENDS: Mapping[str, Mend] = {
    "bug_example/cascades_old.xls": WITHOUT_CASCADE,
    "bug_example/cascades_old_with_no_cascade_sheet.xls": WITHOUT_CASCADE,
    "bug_example/group_name_test.xls": {3: {"name": "g"}},
    "bug_example/not_closed_group_test.xls": {8: {"type": "end group"}},
    "example/calculate_without_calculation.xls": {34: {}},
    "example/gps.csv": UNLABELLED,
    "example/include.csv": WITHOUT_INCLUDE,
    "example/include.xls": WITHOUT_INCLUDE,
    "example/text_and_integer_xlsx.xlsx": {2: {"label": "?"}, 3: {"label": "?"}},
}
"""What pyxform refuses, by the rows to write over (none: to take out), so that it can judge the rest."""


@cache
def trials() -> dict[str, Trial]:
    """Give every form that is carried."""
    found = {}
    for sheet in SHEETS:
        if imported(sheet).files:
            name = PurePath(sheet).name
            found[sheet] = Trial(ARCHIVE.read(sheet), name, imported(sheet), MENDS.get(sheet, {}))
    return found


def test_what_pyxform_refuses_is_told_and_nothing_else_is_mended() -> None:
    refused = {sheet for sheet in SHEETS if any(one.sheet == "form" for one in imported(sheet).losses)}
    assert {sheet for sheet in refused if imported(sheet).files} == set(MENDS)


def test_so_many_forms_are_carried() -> None:
    verdicts = Counter(imported(sheet).verdict for sheet in SHEETS)
    assert verdicts["fully"] >= 32
    assert verdicts["fully"] + verdicts["with losses"] >= 58
    assert verdicts.total() == 67
    told = f"{verdicts['fully']} of the {verdicts.total()}"
    assert told in GUIDE
    assert f"{verdicts['with losses']} with" in GUIDE


def test_a_form_that_is_carried_fully_can_be_asked_as_it_is() -> None:
    assert [sheet for sheet in SHEETS if imported(sheet).verdict == "fully" and not imported(sheet).is_sound] == []


def test_a_form_that_is_not_carried_says_why() -> None:
    assert [sheet for sheet in SHEETS if not imported(sheet).files and not imported(sheet).reason] == []


def test_everything_a_form_asks_and_offers_is_in_the_flow_or_told() -> None:
    assert len(trials()) == sum(bool(imported(sheet).files) for sheet in SHEETS)
    assert {sheet: found for sheet, trial in trials().items() if (found := [*trial.gone()])} == {}


def test_the_flow_takes_the_answers_that_the_form_takes() -> None:
    assert {sheet: found for sheet, trial in trials().items() if (found := [*trial.loose()])} == {}


def test_the_flow_asks_everybody_what_the_form_would_ask_them() -> None:
    chance = random.Random(20261123)  # noqa: S311 - the same people every time
    astray = {sheet: {trial.walk(chance) for _ in range(WALKS)} - {""} for sheet, trial in trials().items()}
    assert {sheet: found for sheet, found in astray.items() if found} == {}
