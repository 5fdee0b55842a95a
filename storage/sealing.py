"""Secrets: addresses encrypted and found by keyed hash, pseudonyms of one round, tokens kept as hashes only.

The key file holds one root key a line, base64. The first line seals; every line unseals.
Sealing is AES-SIV (RFC 5297): authenticated, and without chance, so equal texts give equal seals.

Lookups (addresses, tokens) are keyed hashes. At first their keys are made from the last line. Once keys have been
changed (`storage.rotation`), a line `lookup:` keeps those keys, and what stands in the database is each hash, sealed:
whoever stole the old file can neither open nor guess anything there, and pseudonyms, made of the hash inside, stay.
While a change is under way the old root is still below the new one; its last act is to drop it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.database import StorageTrouble, Unopened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ROOT: Final = 32
_MARK: Final = 4
"""Bytes in front of a seal that say which key made it."""
_DRAWS: Final = 16
"""How often chance is asked for one key: enough even where one draw is short."""

_SEALED_HASH: Final = _MARK + 16 + 32
"""Bytes of a keyed hash that is sealed: the mark, what AES-SIV adds, the hash."""
_LOOKUP: Final = b"lookup:"
_PURPOSES: Final = (b"address", b"token", b"quiet", b"leaving", b"deletions")
"""What has a key that outlives a change of keys, in the order of the `lookup:` line; each has 32 bytes."""

_STRANGE: Final = "the key file does not fit the database: put back the key file this database was made with"

LATELY: Final = 10_000
"""So many hashes are remembered (a few MB)."""


@dataclass(frozen=True, slots=True, repr=False)
class _Sealer:
    mark: bytes
    cipher: AESSIV
    hashes: AESSIV


class KeyFile(NamedTuple):
    """What a key file holds: roots, the newest first, and the lookup keys where keys were ever changed."""

    roots: tuple[bytes, ...]
    lookups: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, file: Path) -> KeyFile:
        """Read a key file. Raises `StorageTrouble` where it is none, OSError where it cannot be read."""
        lines = file.read_bytes().split()
        try:
            roots = [base64.b64decode(line, validate=True) for line in lines if not line.startswith(_LOOKUP)]
            found = [
                base64.b64decode(line[len(_LOOKUP) :], validate=True) for line in lines if line.startswith(_LOOKUP)
            ]
        except binascii.Error:
            roots, found = [], []
        whole = b"".join(found)
        right = len(found) <= 1 and len(whole) in {0, _ROOT * len(_PURPOSES)}
        if not roots or not right or any(len(root) != _ROOT for root in roots):
            message = f"{file} is no key file: each line holds 32 bytes in base64; put back the right file"
            raise StorageTrouble(message)
        return cls(tuple(roots), tuple(whole[at : at + _ROOT] for at in range(0, len(whole), _ROOT)))

    @property
    def changing(self) -> bool:
        """Whether a change of keys was begun and has not come to its end."""
        return bool(self.lookups) and len(self.roots) > 1

    @property
    def settled(self) -> KeyFile:
        """The same with its lookup keys written down: those the last root has always made."""
        return self if self.lookups else self._replace(lookups=_lookups(self.roots[-1]))

    def with_new(self, mint: Callable[[], str]) -> KeyFile:
        """Put a new root first, drawn from `mint`, and keep the lookup keys of before."""
        return self.settled._replace(roots=(_draw(mint), *self.roots))

    def newest_alone(self) -> KeyFile:
        """Drop all roots but the newest."""
        return self._replace(roots=self.roots[:1])

    def write(self, file: Path) -> None:
        """Put it in the place of the file, whole or not at all, for its owner only."""
        lines = [base64.b64encode(root) for root in self.roots]
        if self.lookups:
            lines.append(_LOOKUP + base64.b64encode(b"".join(self.lookups)))
        draft = file.with_name(f"{file.name}.{os.getpid()}.new")
        write_private(draft, b"".join(line + b"\n" for line in lines))
        draft.replace(file)
        sync_folder(file.parent)


class Keys:
    """The installation's keys. Shows nothing of itself when printed."""

    def __init__(self, roots: Sequence[bytes], lookups: Sequence[bytes] = ()) -> None:
        """Derive working keys from root keys of 32 bytes, the newest first; `lookups` where keys were ever changed."""
        self._sealers: Final = {sealer.mark: sealer for sealer in map(_sealer, roots)}
        self._newest: Final = _sealer(roots[0])
        self._seals_hashes: Final = bool(lookups)
        made = lookups or _lookups(roots[-1])
        self._addresses, self._tokens, self._quiet, leaving, self._deletions = made
        self.file: Path | None = None
        """Where they came from; the log of deletions lies beside it."""
        self._leaving: Final = AESSIV(_derive(leaving, b"seal", 64))
        # Whoever wrote lately writes again: the last ones are remembered, a keyed hash costs as much as a statement.
        self._address_hash: Final = lru_cache(maxsize=LATELY)(self._hash_address)
        self.lasting: Final = lru_cache(maxsize=LATELY)(self._lasting)

    @classmethod
    def load(cls, path: str | Path, mint: Callable[[], str]) -> Keys:
        """Read the key file; where there is none, make one only its owner can read.

        `mint` must draw from a cryptographic source. Raises `StorageTrouble` where the file cannot be read or made.
        """
        file = Path(path)
        try:
            if not file.exists():
                _create(file, mint)
            keys = cls(*KeyFile.read(file))
        except OSError as error:
            message = f"the key file {file} cannot be read or made ({error.strerror}): check privacy.key_file"
            raise StorageTrouble(message) from error
        keys.file = file
        return keys

    def address_hash(self, channel: str, address: str) -> bytes:
        """Return the bytes that find an address without telling it."""
        return self._address_hash(channel, address)

    def quiet_hash(self, channel: str, address: str) -> bytes:
        """Return the bytes that find an address on the quiet list, which has a key of its own."""
        return self._kept(_address_hash(self._quiet, channel, address))

    def token_hash(self, token: str) -> bytes:
        """Return the bytes by which a token (link, cookie, receipt) is recognised; the token itself is never kept."""
        return self._kept(hmac.digest(self._tokens, token.encode(), "sha256"))

    def rehash(self, kept: bytes) -> bytes:
        """Return a hash of any kind as the newest key keeps it. Raises `Unopened` where none of our keys made it."""
        return self._kept(self._lasting(kept))

    def reseal(self, sealed: bytes) -> bytes:
        """Return something sealed under the newest key. Raises `Unopened` where the key is not in the key file."""
        return sealed if sealed[:_MARK] == self._newest.mark else self.seal_bytes(self.unseal_bytes(sealed))

    @property
    def hash_shape(self) -> tuple[bytes, int]:
        """What a hash that the newest key keeps begins with, and how long it is."""
        return (self._newest.mark, _SEALED_HASH)

    def deletion_hash(self, *parts: bytes) -> str:
        """Return the sign by which the log of deletions knows somebody, or their part in a round, without telling whom.

        It stays the same when keys change.
        """
        return hmac.digest(self._deletions, b"\0".join(parts), "sha256").hex()

    def seal_leaving(self, text: str) -> bytes:
        """Encrypt what stands in mails for good, such as the way out of them: under a key that outlives changes."""
        return self._leaving.encrypt(text.encode(), None)

    def unseal_leaving(self, sealed: bytes) -> str:
        """Return what `seal_leaving` was given. Raises `Unopened` for anything else."""
        try:
            return self._leaving.decrypt(sealed, None).decode()
        except (InvalidTag, ValueError):
            raise Unopened("this is sealed for another purpose, or by nobody") from None

    def _hash_address(self, channel: str, address: str) -> bytes:
        return self._kept(_address_hash(self._addresses, channel, address))

    def _kept(self, hash_: bytes) -> bytes:
        return self._newest.mark + self._newest.hashes.encrypt(hash_, None) if self._seals_hashes else hash_

    def _lasting(self, kept: bytes) -> bytes:
        """Return the hash inside of one as the database keeps it: it stays the same when keys change."""
        if not self._seals_hashes or len(kept) != _SEALED_HASH:
            return kept
        sealer = self._sealers.get(kept[:_MARK])
        try:
            if sealer is not None:
                return sealer.hashes.decrypt(kept[_MARK:], None)
        except InvalidTag:
            pass
        raise Unopened(_STRANGE)

    def seal(self, text: str) -> bytes:
        """Encrypt `text` so that only a holder of the key file reads it."""
        return self.seal_bytes(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """Return the text once sealed. Raises `Unopened` where the key is not in the key file."""
        return self.unseal_bytes(sealed).decode()

    def seal_bytes(self, body: bytes) -> bytes:
        """Encrypt `body`, which may be empty."""
        # AES-SIV of nothing is refused by the library, so a byte stands in front.
        return self._newest.mark + self._newest.cipher.encrypt(b"\0" + body, None)

    def unseal_bytes(self, sealed: bytes) -> bytes:
        """Return the bytes once sealed. Raises `Unopened` where the key is not in the key file."""
        sealer = self._sealers.get(sealed[:_MARK])
        try:
            if sealer is not None:
                return sealer.cipher.decrypt(sealed[_MARK:], None)[1:]
        except InvalidTag:
            pass
        raise Unopened(_STRANGE)

    def round_key(self, mint: Callable[[], str]) -> str:
        """Draw a new round's pseudonym key, as text; kept sealed in `rounds.key_sealed`."""
        return _draw(mint).hex()

    def pseudonym(self, round_key: str, address_hash: bytes) -> bytes:
        """Return who somebody is in one round: 16 bytes that cannot be linked over rounds or without the key."""
        return _pseudonym(round_key, self.lasting(address_hash))

    def __repr__(self) -> str:
        """Tell nothing."""
        return "Keys(•••)"


def _address_hash(key: bytes, channel: str, address: str) -> bytes:
    return hmac.digest(key, f"{channel}\0{address}".encode(), "sha256")


@lru_cache(maxsize=LATELY)
def _pseudonym(round_key: str, address_hash: bytes) -> bytes:
    return hmac.digest(round_key.encode(), address_hash, "sha256")[:16]


def _sealer(root: bytes) -> _Sealer:
    return _Sealer(
        _derive(root, b"mark", _MARK), AESSIV(_derive(root, b"seal", 64)), AESSIV(_derive(root, b"hash", 64))
    )


def _lookups(root: bytes) -> tuple[bytes, ...]:
    return tuple(_derive(root, purpose, _ROOT) for purpose in _PURPOSES)


def _derive(root: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=b"civicloop/" + purpose).derive(root)


def _draw(mint: Callable[[], str]) -> bytes:
    return _derive("\0".join(mint() for _ in range(_DRAWS)).encode(), b"root", _ROOT)


def _create(file: Path, mint: Callable[[], str]) -> None:
    """Write the file whole or not at all; where another process was faster, its key stands."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    write_private(draft, base64.b64encode(_draw(mint)) + b"\n")
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def write_private(draft: Path, body: bytes) -> None:
    """Write a file that only its owner can read, for good."""
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(folder: Path) -> None:
    """Let a file that was put in its place stay there whatever happens to the machine."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
