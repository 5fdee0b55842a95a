from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.rounds import codes


@given(st.text())
def test_a_receipt_is_read_back_however_it_is_typed(chance: str) -> None:
    code = codes.receipt(chance)
    assert codes.read_receipt(code) == code
    assert codes.read_receipt(f" {code.lower().replace('-', ' ')} ") == code


def test_ordinary_words_are_no_receipt() -> None:
    assert codes.read_receipt("I like it") is None
    assert codes.read_receipt("") is None
    assert codes.read_receipt("AAAA-BBBB-CCCC") is None


@given(st.text(), st.text())
def test_the_code_of_a_round_fits_a_deep_link(title: str, chance: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]{6,24}", codes.round_code(title, chance))


def test_the_code_of_a_round_tells_its_title() -> None:
    assert codes.round_code("¿Más horas en la biblioteca?", "x").startswith("mas-horas-en-la-")


def test_another_chance_gives_another_name() -> None:
    assert len({codes.tag(str(n)) for n in range(1000)}) == 1000
    assert len({codes.receipt(str(n)) for n in range(1000)}) == 1000
