"""What was seen before lies in a scratch file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import seen
from storage.database import StorageTrouble
from storage.seen import open_seen


@given(st.lists(st.sampled_from(["", "a@city.example", "A@city.example", "é", "b" * 300]), max_size=30))
def test_a_text_is_new_once(texts: list[str]) -> None:
    known: set[str] = set()
    with open_seen() as memory:
        for text in texts:
            assert memory.add(text) == (text not in known)
            known.add(text)


def test_its_file_has_no_name_while_it_is_open_and_two_know_nothing_of_each_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def held() -> set[str]:
        return {str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()}

    monkeypatch.setattr(seen, "_PREPARED", seen._PREPARED.replace(f"-{seen.CACHE}", "-64"))
    before = held()
    with open_seen() as memory, open_seen() as another:
        for number in range(100_000):
            assert memory.add(str(number))
        assert another.add("1")
        (scratch,) = {file for file in held() - before if "(deleted)" in file}
        assert not Path(scratch.removesuffix(" (deleted)")).exists()


def test_where_there_is_no_room_it_says_where_to_make_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen, "_PREPARED", f"PRAGMA max_page_count = 4; {seen._PREPARED}")
    with pytest.raises(StorageTrouble, match=r"no room for a scratch file in .*make room there"):
        _fill(10_000)


def _fill(texts: int) -> None:
    with open_seen() as memory:
        for number in range(texts):
            memory.add(str(number))
