"""Secrets: addresses encrypted and found by keyed hash, pseudonyms of one round, tokens kept as hashes only.

The key file holds one root key a line, base64. The first line seals; every line unseals: rotate by putting a new line
first. Lookups (addresses, tokens) hang on the last line, so it stays as long as contacts are found by it.
Sealing is AES-SIV (RFC 5297): authenticated, and without chance, so equal texts give equal seals.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from storage.database import StorageTrouble, Unopened

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT: Final = 32
_MARK: Final = 4
"""Bytes in front of a seal that say which key made it."""
_DRAWS: Final = 16
"""How often chance is asked for one key: enough even where one draw is short."""

LATELY: Final = 10_000
"""So many hashes are remembered (a few MB)."""


@dataclass(frozen=True, slots=True, repr=False)
class _Sealer:
    mark: bytes
    cipher: AESSIV


class Keys:
    """The installation's keys. Shows nothing of itself when printed."""

    def __init__(self, roots: list[bytes]) -> None:
        """Derive working keys from root keys of 32 bytes, the newest first."""
        self._sealers: Final = {sealer.mark: sealer for sealer in map(_sealer, roots)}
        self._newest: Final = _sealer(roots[0])
        addresses: Final = _derive(roots[-1], b"address", 32)
        # Whoever wrote lately writes again: the last ones are remembered, a keyed hash costs as much as a statement.
        self._address_hash: Final = lru_cache(maxsize=LATELY)(partial(_address_hash, addresses))
        self._tokens: Final = _derive(roots[-1], b"token", 32)
        self._quiet: Final = _derive(roots[-1], b"quiet", 32)

    @classmethod
    def load(cls, path: str | Path, mint: Callable[[], str]) -> Keys:
        """Read the key file; where there is none, make one only its owner can read.

        `mint` must draw from a cryptographic source. Raises `StorageTrouble` where the file cannot be read or made.
        """
        file = Path(path)
        try:
            if not file.exists():
                _create(file, mint)
            return cls(_roots(file))
        except OSError as error:
            message = f"the key file {file} cannot be read or made ({error.strerror}): check privacy.key_file"
            raise StorageTrouble(message) from error

    def address_hash(self, channel: str, address: str) -> bytes:
        """Return 32 bytes that find an address without telling it."""
        return self._address_hash(channel, address)

    def quiet_hash(self, channel: str, address: str) -> bytes:
        """Return 32 bytes that find an address on the quiet list, which has a key of its own."""
        return _address_hash(self._quiet, channel, address)

    def token_hash(self, token: str) -> bytes:
        """Return 32 bytes by which a token (link, cookie, receipt) is recognised; the token itself is never kept."""
        return hmac.digest(self._tokens, token.encode(), "sha256")

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
        message = "the key file does not fit the database: put back the key file this database was made with"
        raise Unopened(message)

    def round_key(self, mint: Callable[[], str]) -> str:
        """Draw a new round's pseudonym key, as text; kept sealed in `rounds.key_sealed`."""
        return _draw(mint).hex()

    def pseudonym(self, round_key: str, address_hash: bytes) -> bytes:
        """Return who somebody is in one round: 16 bytes that cannot be linked over rounds or without the key."""
        return _pseudonym(round_key, address_hash)

    def __repr__(self) -> str:
        """Tell nothing."""
        return "Keys(•••)"


def _address_hash(key: bytes, channel: str, address: str) -> bytes:
    return hmac.digest(key, f"{channel}\0{address}".encode(), "sha256")


@lru_cache(maxsize=LATELY)
def _pseudonym(round_key: str, address_hash: bytes) -> bytes:
    return hmac.digest(round_key.encode(), address_hash, "sha256")[:16]


def _sealer(root: bytes) -> _Sealer:
    return _Sealer(_derive(root, b"mark", _MARK), AESSIV(_derive(root, b"seal", 64)))


def _derive(root: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=b"civicloop/" + purpose).derive(root)


def _draw(mint: Callable[[], str]) -> bytes:
    return _derive("\0".join(mint() for _ in range(_DRAWS)).encode(), b"root", _ROOT)


def _create(file: Path, mint: Callable[[], str]) -> None:
    """Write the file whole or not at all; where another process was faster, its key stands."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(base64.b64encode(_draw(mint)) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def _roots(file: Path) -> list[bytes]:
    try:
        roots = [base64.b64decode(line, validate=True) for line in file.read_bytes().split()]
    except binascii.Error:
        roots = []
    if not roots or any(len(root) != _ROOT for root in roots):
        message = f"{file} is no key file: each line holds 32 bytes in base64; put back the right file"
        raise StorageTrouble(message)
    return roots
