"""`civicloop import`: what it prints, writes, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot import cli

GARDEN = str(Path(cli.__file__).parents[1] / "docs" / "garden.xlsx")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_form_is_written_as_a_flow_that_can_be_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(("import", GARDEN, "--out", "flows/park.toml", "--stage", "pilot")) == 0
    said = capsys.readouterr().out
    assert 'survey row 8: type "geotrace": no such question here; left out' in said
    *_, flow, spanish, where, verdict = said.splitlines()
    assert (flow, spanish) == ("flows/park.toml", "flows/park.es.toml")
    assert where.startswith("Before a round can ask it, move it with the files beside it into ")
    assert where.endswith("/flows/stages/pilot")
    assert verdict == "Carried with 1 loss: 5 questions. See above."
    assert 'stage = "pilot"' in (folder / "flows" / "park.toml").read_text(encoding="utf-8")
    assert cli.main(("check", "flows/park.toml")) == 0


def test_a_flow_written_where_rounds_find_it_needs_no_moving(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVICLOOP_FLOWS__FOLDER", "ours")
    assert cli.main(("import", GARDEN, "--out", "ours/park.toml")) == 0
    assert "Before a round" not in capsys.readouterr().out
    assert cli.main(("import", GARDEN)) == 0
    assert "move it with the files beside it into ours\n" in capsys.readouterr().out


def test_the_report_can_be_read_by_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(("import", GARDEN, "--json")) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["files"]) == ("with losses", ["garden.toml", "garden.es.toml"])
    assert [(one["sheet"], one["row"]) for one in told["losses"]] == [("survey", 8)]


def test_a_file_that_is_there_is_not_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "garden.es.toml").write_text("mine", encoding="utf-8")
    assert cli.main(("import", GARDEN)) != 0
    assert "garden.es.toml is there already" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["garden.es.toml"]


@pytest.mark.parametrize(
    ("words", "status", "line"),
    [
        (("missing.xlsx",), 2, "missing.xlsx cannot be read"),
        ((GARDEN, "--language", "sw"), 2, 'the bot does not speak "sw"'),
        ((GARDEN, "--frame", "picture"), 2, 'there is no frame "picture"'),
        ((__file__,), 1, "Not carried at all."),
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: tuple[str, ...], status: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(("import", *words)) == status
    said = capsys.readouterr()
    assert line in said.out + said.err
    assert "Traceback" not in said.out + said.err
