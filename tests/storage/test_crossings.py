"""Where a rehearsal dies or freezes."""

from __future__ import annotations

import os
import signal
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


FREEZING = """
from storage import crossings
crossings.arm("group.written:2", crossings.STALL_AT)
for _ in range(3):
    crossings.passed("group.written")
    print("passed", flush=True)
"""


def test_a_process_armed_to_freeze_goes_on_where_it_stood_when_it_is_woken() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", FREEZING], stdout=pipe, text=True) as frozen:
        _, status = os.waitpid(frozen.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        assert frozen.stdout is not None
        assert os.read(frozen.stdout.fileno(), 100) == b"passed\n"
        frozen.send_signal(signal.SIGCONT)
        assert frozen.communicate()[0].split() == ["passed", "passed"]
    assert frozen.returncode == 0


@pytest.mark.parametrize("words", ["delivery.sent", "delivery.sent:0", "delivery.sent:x", ":1", "Delivery sent:1"])
def test_words_of_another_form_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match="CIVICLOOP_CRASH_AT"):
        crossings.arm(words)
