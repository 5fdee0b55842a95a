"""The key file and the database belong together: without the one nobody in the other is found or written to.

So a new key file is only made for a database that knows nobody yet, and one that opens nothing is refused at the start,
before every citizen who writes becomes a stranger.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from storage.database import StorageTrouble
from storage.sealing import KeyFile, Keys, sync_folder, write_private
from storage.tables import contacts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from storage.database import Database

_SOME: Final = 20
"""So many contacts are tried: one that is damaged says nothing of the file."""
_known = select(contacts.c.channel, contacts.c.address_hash, contacts.c.address_sealed).order_by(contacts.c.id)


def unlock(database: Database, path: str | Path, mint: Callable[[], str]) -> Keys:
    """Return the keys of this database, made anew where it knows nobody yet.

    Raises `StorageTrouble` where the file is lost, cannot be read or made, or is that of another database; then nothing
    has been changed.
    """
    some = _some(database)
    if some and not Path(path).exists():
        message = (
            f"the key file {path} is gone, and without it nobody in {database.shown} is found or can be written to: "
            "put its copy back"
        )
        raise StorageTrouble(message)
    keys = Keys.load(path, mint)
    refuse_changing(Path(path))
    _refuse_strange(database, Path(path), keys, some)
    return keys


def check(database: Database, path: Path) -> None:
    """Raise `StorageTrouble` where the key file is not there or not that of this database, be it in a change or not."""
    if not path.exists():
        raise StorageTrouble(f"there is no key file {path}: put its copy back, or check privacy.key_file")
    _refuse_strange(database, path, Keys(*KeyFile.read(path)), _some(database))


def put_back(path: Path, held: bytes) -> None:
    """Put a key file that a backup holds in its place, for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    write_private(draft, held)
    KeyFile.read(draft)
    draft.replace(path)
    sync_folder(path.parent)


def fits(db: Connection, keys: Keys) -> bool:
    """Whether these keys are those of the database, or it knows nobody."""
    some = db.execute(_known.limit(_SOME)).all()
    return not some or _fits(keys, some)


def _some(database: Database) -> Sequence[Any]:
    with database.reading() as db:
        return db.execute(_known.limit(_SOME)).all()


def _refuse_strange(database: Database, path: Path, keys: Keys, some: Sequence[Any]) -> None:
    if some and not _fits(keys, some):
        message = f"the key file {path} is not that of {database.shown}: put back the one it was made with"
        raise StorageTrouble(message)


def refuse_changing(path: Path) -> None:
    """Raise `StorageTrouble` where the keys are being changed: half of the database would be found, and half not."""
    if KeyFile.read(path).changing:
        message = f'the change of the keys in {path} was not finished: give "civicloop keys rotate" again, it goes on'
        raise StorageTrouble(message)


def _fits(keys: Keys, some: Sequence[Any]) -> bool:
    """Whether any contact can be opened, and is found by its address."""
    for channel, hash_, sealed in some:
        with suppress(StorageTrouble):
            if keys.address_hash(channel, keys.unseal(sealed)) == keys.rehash(hash_):
                return True
    return False
