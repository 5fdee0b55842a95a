"""What is said of a file that staff sent: its faults with their places, or what it asks. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.cutting import cut
from bot.menu.examining import asked, playable
from bot.menu.worker import data
from bot.rounds.tongues import in_language
from bot.texts import texts
from flows.model import Button, Prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.menu.examining import Examined
    from flows.catalog import Catalog

SHOWN = 8
"""So many faults, and so many questions, are named; then follows how many more there are."""
LONGEST_LINE = 300


@dataclass(frozen=True, slots=True)
class Frozen:
    """What rounds ask a flow in a way that cannot change any more."""

    rounds: tuple[tuple[str, int], ...] = ()
    """Each by its title, and the version it asks."""
    next: int = 0
    """The next number that no version of the flow has had."""


FREE = Frozen()
"""No round asks it."""


def told(language: str, manuscript: int, found: Examined, catalog: Catalog, frozen: Frozen = FREE) -> Prompt:
    """Return what was found in a file, with what can be done next."""
    said = texts(language)
    back = Button(said("menu.to_menu"), data("home"))
    if found.reason:
        return Prompt(said(f"menu.{found.reason}"), (back,), numbered=False)
    if not found.files:
        lines = (said("menu.file_faults"), *listed(language, found.faults), said("menu.file_send_again"))
        return Prompt("\n".join(lines), (back,), numbered=False)
    return sound(language, manuscript, found, catalog, frozen)


def sound(language: str, manuscript: int, found: Examined, catalog: Catalog, frozen: Frozen = FREE) -> Prompt:
    """Return what a flow asks, with the ways to try it out and, as long as its version is free, to publish it."""
    said, flow = texts(language), playable(catalog, found.files)
    if flow is None:
        return Prompt(said("menu.file_no_flow"), (Button(said("menu.to_menu"), data("home")),), numbered=False)
    spoken = language if language in flow.languages else flow.language
    head = said(
        "menu.file_gaps" if found.lost else "menu.file_sound",
        title=in_language(flow.title, spoken),
        version=said.number(flow.version),
        questions=said.number(flow.asked),
        minutes=said.number(flow.takes),
        lost=said.number(found.lost),
    )
    worth = (said("menu.file_hints"), *listed(language, found.hints)) if found.hints else ()
    lines = (
        head,
        *listed(language, asked(catalog, found.files, spoken)),
        *worth,
        *_frozen(language, flow.version, frozen),
    )
    taken = flow.version in {version for _, version in frozen.rounds}
    publish = () if taken else (Button(said("menu.publish"), data("publish", manuscript)),)
    buttons = (
        Button(said("menu.try"), data("try", manuscript)),
        *publish,
        Button(said("menu.to_menu"), data("home")),
    )
    return Prompt("\n".join(lines), buttons, numbered=False)


def papered(language: str, code: str, title: str, of: str, why: str) -> Prompt:
    """Return what became of a document that was sent for the round `of`: it is one now, or `why` it is none."""
    said = texts(language)
    text = said("menu.refused", why=why) if why else said("menu.paper_kept", title=title, round=of)
    more, back = Button(said("menu.paper"), data("paper", code)), Button(said("menu.back"), data("round", code))
    return Prompt(text, (more, back), numbered=False)


def _frozen(language: str, version: int, frozen: Frozen) -> list[str]:
    """Return a line for each round whose questions stay as they are, and what to do where this is their version."""
    said = texts(language)
    asking = frozen.rounds[:SHOWN]
    lines = [said("menu.file_frozen", title=title, version=said.number(of)) for title, of in asking]
    if version in {of for _, of in frozen.rounds}:
        lines.append(said("menu.file_raise", version=said.number(version), next=frozen.next))
    return lines


def listed(language: str, entries: Sequence[str]) -> list[str]:
    """Return the first entries, a line each, and how many more there are."""
    shown = [f"– {cut(entry, LONGEST_LINE)[0]}" for entry in entries[:SHOWN]]
    more = len(entries) - SHOWN
    return [*shown, texts(language)("menu.more", n=texts(language).number(more))] if more > 0 else shown
