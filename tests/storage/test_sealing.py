"""Secrets stay secret: in the key file, in the database, in print."""

from __future__ import annotations

import base64
import stat
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.database import StorageTrouble
from storage.sealing import Keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NEW, OLD = b"n" * 32, b"o" * 32


def test_a_missing_key_file_is_made_once_for_its_owner_only(tmp_path: Path, mint: Callable[[], str]) -> None:
    file = tmp_path / "data" / "key"
    first, second = Keys.load(file, mint), Keys.load(file, mint)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert second.unseal(first.seal("4711")) == "4711"
    assert [left.name for left in file.parent.iterdir()] == ["key"]


def _load(path: str, seed: int) -> bytes:
    numbers = iter(range(seed, seed + 100))
    return Keys.load(path, lambda: f"chance {next(numbers)}").token_hash("same?")


def test_processes_that_start_at_once_end_up_with_the_same_key(tmp_path: Path) -> None:
    with get_context("spawn").Pool(2) as pool:
        hashes = pool.starmap(_load, [(str(tmp_path / "key"), seed * 1000) for seed in range(4)])
    assert len(set(hashes)) == 1


def test_other_chance_makes_another_key(tmp_path: Path) -> None:
    assert _load(str(tmp_path / "one"), 1) != _load(str(tmp_path / "two"), 2)


@pytest.mark.parametrize("content", [b"", b"\n", b"not base64!", base64.b64encode(b"too short")])
def test_a_file_that_holds_no_key_is_refused_in_one_line(
    tmp_path: Path, mint: Callable[[], str], content: bytes
) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(StorageTrouble, match=r"key is no key file: .* put back the right file") as trouble:
        Keys.load(tmp_path / "key", mint)
    assert "\n" not in str(trouble.value)


def test_a_key_file_that_cannot_be_made_says_which_setting_to_check(tmp_path: Path, mint: Callable[[], str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageTrouble, match=r"privacy\.key_file"):
        Keys.load(tmp_path / "file" / "key", mint)


@given(st.text())
def test_whatever_is_sealed_comes_back_and_equal_texts_seal_equally(words: str) -> None:
    try:
        words.encode()
    except UnicodeEncodeError:
        return  # half a surrogate pair is no text
    keys = Keys([NEW])
    assert keys.unseal(keys.seal(words)) == words
    assert keys.seal(words) == keys.seal(words)


def test_a_seal_tells_nothing_and_breaks_when_touched() -> None:
    sealed = Keys([NEW]).seal("a rather long address")
    assert b"address" not in sealed
    for place in range(len(sealed)):
        touched = bytearray(sealed)
        touched[place] ^= 1
        with pytest.raises(StorageTrouble, match="key file does not fit"):
            Keys([NEW]).unseal(bytes(touched))


def test_with_another_key_file_nothing_is_read() -> None:
    with pytest.raises(StorageTrouble, match="put back the key file"):
        Keys([NEW]).unseal(Keys([OLD]).seal("4711"))
    with pytest.raises(StorageTrouble):
        Keys([NEW]).unseal(b"")


def test_a_key_put_first_seals_from_now_on_and_the_old_one_still_reads_and_finds(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(base64.b64encode(OLD) + b"\n")
    before = Keys.load(file, str)
    sealed, found = before.seal("4711"), before.address_hash("telegram", "4711")
    file.write_bytes(base64.b64encode(NEW) + b"\n" + file.read_bytes())
    after = Keys.load(file, str)
    assert after.unseal(sealed) == "4711"
    assert after.seal("4711") == Keys([NEW]).seal("4711") != sealed
    assert after.address_hash("telegram", "4711") == found
    assert after.token_hash("t") == before.token_hash("t")


def test_addresses_are_told_apart_by_channel_and_key() -> None:
    keys = Keys([NEW])
    hashes = {keys.address_hash("telegram", "1"), keys.address_hash("web", "1"), keys.address_hash("telegram", "11")}
    assert len(hashes | {Keys([OLD]).address_hash("telegram", "1")}) == 4


def test_pseudonyms_of_two_rounds_cannot_be_linked(mint: Callable[[], str]) -> None:
    keys = Keys([NEW])
    spring, autumn = keys.round_key(mint), keys.round_key(mint)
    anna, ben = keys.address_hash("telegram", "anna"), keys.address_hash("telegram", "ben")
    pseudonyms = {keys.pseudonym(key, who) for key in (spring, autumn) for who in (anna, ben)}
    assert len(pseudonyms) == 4
    assert keys.pseudonym(spring, anna) == keys.pseudonym(spring, anna)
    assert {len(pseudonym) for pseudonym in pseudonyms} == {16}


def test_keys_show_nothing_of_themselves() -> None:
    assert repr(Keys([NEW])) == str(Keys([NEW])) == "Keys(•••)"
