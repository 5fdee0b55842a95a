"""Which lines of a chat go with a conversation."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.transcripts import conversation
from storage.messages import BOT, CITIZEN, OWN, Line
from tests.support.house import NOON

RECEIPT = "AB12-CD34-EF56"


def chat(*said: str) -> list[Line]:
    """Return lines: `> words` of a citizen, `TAG? words` of a question, `@? words` of the desk, else what is said.

    `!? words` ask whether something that leads to a person shall go.
    """
    lines, turn = [], 0
    for n, each in enumerate(said, 1):
        mine = each.startswith("> ")
        turn += mine
        asked, _, text = each.rpartition("? ")
        data = {"": [], "@": [{"data": "@round:x"}], "!": [{"data": "@private:remove.1.ab"}]}.get(
            asked, [{"data": f"{asked}:why:@skip"}]
        )
        body = json.dumps({"text": text, **({"buttons": data} if data else {})})
        key = f"in:{turn}" if mine else f"out:web:{turn}.{n}{OWN * (asked == '!')}"
        lines.append(Line(n, 1, key, NOON + timedelta(minutes=n), CITIZEN if mine else BOT, body))
    return lines


@pytest.mark.parametrize(
    ("said", "answered", "stays"),
    [
        (("> start", "t1? How?", "> Good", "t1? Why?", "> words", f"Thanks. {RECEIPT}", "> hi", "Hello"), (), [1]),
        (
            ("t1? How?", "> HUMAN", "@? They read", "> to people", "Passed", "> DONE", "t1? How?"),
            (),
            [3, 4, 5, 6],
        ),
        (("t1? How?", "> START", "t2? Other?", "> other words", "t2? More?", "> more", "Thanks"), (), [3, 4, 5, 6, 7]),
        (("t0? How?", "> before", "Thanks", "@? What?", "t1? How?", "> now"), (2,), [4]),
        (("t0? How?", "> before", "Thanks", "@? What?", "t1? How?", "> now"), (), [1, 2, 3, 4]),
        (("t1? Why?", "> call 555", "!? Remove 555?", "> Remove", "Gone.", "> more", "@? What?", "> x"), (), [7, 8]),
        (("@? What?", f"> {RECEIPT}", f"Receipt {RECEIPT}: Good", "> DELETE"), (), [1, 4]),
    ],
    ids=[
        "all of it",
        "words to people",
        "another round",
        "an earlier passage",
        "another's earlier one",
        "beside it",
        "its receipt",
    ],
)
def test_what_is_said_from_one_of_its_questions_to_whatever_else_is_asked_goes(
    said: tuple[str, ...], answered: tuple[int, ...], stays: list[int]
) -> None:
    lines = chat(*said)
    gone = conversation(lines, "t1", RECEIPT, [NOON + timedelta(minutes=each) for each in answered])
    assert [line.id for line in lines if line.id not in gone] == stays
