"""`make evaluate` says what is wrong with a call in one line, and prints a table that can be pasted."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from bot.reading.spans import Found
from tests.evaluate import __main__ as evaluate
from tests.evaluate import measure_themes
from tests.evaluate.measure_private import Text, scores
from tests.evaluate.table import Row, at_least, lines


def test_without_data_it_says_where_to_name_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate.main(["--data", "/nowhere"])
    assert "--data" in capsys.readouterr().err


def test_a_measure_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        evaluate.main(["--data", str(tmp_path), "tehmes"])
    assert "no measure tehmes" in capsys.readouterr().err


def test_a_measure_whose_data_is_missing_is_passed_over_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluate, "CACHE", tmp_path / "cache")
    needy = [name for name in evaluate.NAMES if import_module(f"tests.evaluate.measure_{name}").NEEDS]
    assert len(needy) > 4
    assert evaluate.main(["--data", str(tmp_path), *needy]) == 0
    said = capsys.readouterr().out
    assert all(f"| {name} " in said for name in needy)


def test_recall_and_precision_are_told_by_kind_and_language() -> None:
    texts = [
        Text("en", "GB", "Write to ana@example.org or 07400 123456.", (("mail", 9, 24), ("phone", 28, 40))),
        Text("de", "DE", "Der Bus kam um 10, schreiben Sie an bus@example.org.", ()),
        Text("en", "GB", "Somebody called Qwxzt was kind.", (("name", 16, 21),)),
    ]
    told = scores(texts, {found: found.value for found in Found})
    assert str(told["mail", "en"]) == "1.00 / 1.00"
    assert str(told["mail", "de"]) == "– / 0.00", "an address that nobody marked"
    assert str(told["name", "en"]).startswith("0.00 / ")
    assert str(told["phone", "en"]) == "1.00 / 1.00"
    assert str(told["mail", "en"] + told["mail", "de"]) == "1.00 / 0.50"


def test_the_table_says_whether_a_target_is_met() -> None:
    head, _, met, missed = lines([at_least("F1", 0.61, 0.6), at_least("tau", 0.7, 0.8, "10 themes")])
    assert head.split("|")[1].strip() == "what"
    assert [cell.strip() for cell in met.split("|")[1:-1]] == ["F1", "0.610", "", "≥ 0.6", "yes", ""]
    assert "NO" in missed
    assert Row("x", "1").met is None
    assert "239 to 240" in lines([Row("campaigns: members found", "1.0")])[-1]


def test_the_memory_of_one_step_is_not_that_of_the_one_before() -> None:
    measure_themes._forget_peak()
    large = bytearray(300 << 20)
    first = measure_themes._peak()
    del large
    measure_themes._forget_peak()
    assert measure_themes._peak() < first - 200 or not Path("/proc/self/clear_refs").exists()
