"""The answers of a round as files: for the team that works on them, and for whoever may read them; what each is for."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse

from bot.channels.web.manage.desk import seen
from bot.channels.web.manage.doors import form_of, page
from bot.channels.web.pages import backstage_of, pages_of
from bot.rights import Right
from bot.texts import texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import IO

    from starlette.requests import Request
    from starlette.responses import Response

    from bot.channels.web.backstage import RoundView
    from bot.channels.web.manage.doors import Visitor
    from bot.channels.web.words import Words

IN_MEMORY, BLOCK = 4_000_000, 64_000
"""Bytes of a file that are held in memory, and that are sent at once."""
TAKEN = "exported_"
"""How entries of the log begin that tell of a file."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of file: whether it can be taken (else `why` not), what its columns mean, and its rule."""

    purpose: str
    why: str
    columns: Sequence[tuple[str, str]]
    rule: str


async def overview(request: Request, visitor: Visitor) -> Response:
    """`GET /manage/rounds/<code>/answers`: what there is to take, what for, and who has taken it."""
    round_ = await seen(request, visitor, Right.TAKE_ANSWERS)
    pages, words = pages_of(request), pages_of(request).words(request)
    offers = await asyncio.to_thread(_offers, request, round_)
    log = await asyncio.to_thread(backstage_of(request).rounds.log, round_.code)
    return page(
        request,
        visitor,
        "manage/taking.html",
        round=round_,
        offers=offers,
        counted=await asyncio.to_thread(backstage_of(request).rounds.findings, round_.code) is not None,
        rounds_too=visitor.may(round_.service, Right.SEE_ROUNDS),
        taken=[
            (words.moment(each.at.astimezone(pages.zone)), each.who, words(f"act.{each.what}"))
            for each in log
            if each.what.startswith(TAKEN)
        ],
    )


async def take(request: Request, visitor: Visitor) -> Response:
    """`POST /manage/rounds/<code>/answers`: one file with its codebook, packed together; the log tells who took it."""
    round_, form = await seen(request, visitor, Right.TAKE_ANSWERS), await form_of(request)
    offers = {offer.purpose: offer for offer in await asyncio.to_thread(_offers, request, round_)}
    offer, every = offers.get(str(form.get("purpose", ""))), bool(form.get("every_text"))
    if offer is None or offer.why:
        raise HTTPException(404)
    what = "public" if offer.purpose == "publication" else "text" if every else "team"
    rounds = backstage_of(request).rounds
    await asyncio.to_thread(rounds.exported, round_.code, f"{TAKEN}{what}", who=visitor.person.id)
    packed = await asyncio.to_thread(_packed, request, round_, offer, every_text=every and what == "text")
    name = {"content-disposition": f'attachment; filename="{round_.code}-{offer.purpose}.zip"'}
    return StreamingResponse(_blocks(packed), media_type="application/zip", headers=name)


def _offers(request: Request, round_: RoundView) -> list[Offer]:
    from bot.rounds.exporting import COLUMNS  # noqa: PLC0415 - what counts is slow to load, and rarely needed

    words, digest = pages_of(request).words(request), backstage_of(request).config.digest
    said = texts(words.language)
    least = {"team": digest.minimum_cell, "publication": digest.public_minimum_cell}
    why = {"team": _not_for_team(request, round_, words), "publication": _not_for_all(request, round_, words)}
    return [
        Offer(
            purpose,
            why[purpose],
            [(name, said(f"export.{name}")) for name in columns],
            said(f"export.rule_{purpose}", minimum=least[purpose]),
        )
        for purpose, columns in COLUMNS.items()
    ]


def _not_for_team(request: Request, round_: RoundView, words: Words) -> str:
    """Return why the team cannot have its file; empty where it can."""
    backstage = backstage_of(request)
    minimum = backstage.config.digest.minimum_cell
    few = backstage.rounds.answering(round_.code) < minimum
    return words("answers.few", minimum=words.number(minimum)) if few else ""


def _not_for_all(request: Request, round_: RoundView, words: Words) -> str:
    """Return why there is nothing to publish; empty where there is."""
    found = backstage_of(request).rounds.findings(round_.code)
    if found is None:
        return words("answers.not_counted")
    return "" if found.lines else words("answers.few", minimum=words.number(found.minimum))


def _packed(request: Request, round_: RoundView, offer: Offer, *, every_text: bool) -> IO[bytes]:
    """Write the file and its codebook into an archive; a large one goes to the disk."""
    from bot.digests.render import open_data  # noqa: PLC0415 - what counts is slow to load, and rarely needed

    backstage = backstage_of(request)
    flow, digest = backstage.rounds.played(round_.code), backstage.config.digest
    minimum = digest.minimum_cell if offer.purpose == "team" else digest.public_minimum_cell
    columns = [name for name, _ in offer.columns]
    lines = backstage.rounds.lines(round_.code, offer.purpose, every_text=every_text)
    packed = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it is closed when it was sent
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        name = f"{round_.code}-{offer.purpose}"
        with archive.open(f"{name}.csv", "w", force_zip64=True) as file:
            _write(file, columns, lines)
        book = open_data.explained(flow, offer.purpose, columns, minimum)
        archive.writestr(f"{name}-codebook.csv", book.encode("utf-8-sig"))
    packed.seek(0)
    return packed


def _write(file: IO[bytes], head: Sequence[str], lines: Iterator[Sequence[object]]) -> None:
    with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
        writer = csv.writer(text)
        writer.writerow(head)
        writer.writerows(lines)


def _blocks(packed: IO[bytes]) -> Iterator[bytes]:
    with packed:
        while block := packed.read(BLOCK):
            yield block
