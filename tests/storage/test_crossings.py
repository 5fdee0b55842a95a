"""Where a rehearsal dies."""

from __future__ import annotations

import subprocess
import sys

import pytest

from storage import crossings

DYING = """
from storage import crossings
crossings.arm("delivery.sent:3")
for name in ("delivery.sent", "delivery.sends", "delivery.sent", "delivery.sent", "group.begins"):
    print(name, flush=True)
    crossings.passed(name)
"""


def test_a_crossing_that_is_not_armed_lets_everybody_pass() -> None:
    crossings.passed("delivery.sent")


def test_an_armed_process_dies_at_the_nth_passing_of_its_crossing() -> None:
    died = subprocess.run([sys.executable, "-c", DYING], capture_output=True, text=True, check=False)
    assert died.returncode == -9
    assert died.stdout.split() == ["delivery.sent", "delivery.sends", "delivery.sent", "delivery.sent"]


@pytest.mark.parametrize("words", ["delivery.sent", "delivery.sent:0", "delivery.sent:x", ":1", "Delivery sent:1"])
def test_words_of_another_form_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="CIVICLOOP_CRASH_AT"):
        crossings.arm(words)
