"""An XLSForm as a flow: all of it together, and what could not be carried."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bot.importing import writing
from bot.importing.choices import Offer
from bot.importing.languages import languages_of
from bot.importing.losses import Ledger, lines
from bot.importing.names import cleaned
from bot.importing.scales import scaled
from bot.importing.survey import Reading
from bot.importing.ways import settled
from bot.importing.wording import plain
from bot.importing.workbook import Unreadable, read
from bot.texts import texts
from flows.model import Stage
from flows.places import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.importing.languages import Languages
    from bot.importing.losses import Loss
    from bot.importing.questions import Column, Question
    from bot.importing.workbook import Workbook
    from flows.catalog import Catalog
    from flows.issues import Issue

Verdict = Literal["fully", "with losses", "not at all"]

LONGEST_NAME = 60
"""Letters of a flow's id."""

_ROUNDS = 5
"""How often ways are taken out: without one, another may show."""

_Source: TypeAlias = "tuple[str, tuple[Loss, ...]]"
"""The name of the form's file, and what of it is lost."""

STAGES = tuple(stage.value for stage in Stage)
STAGE, ASSUMED = "stage", "design"
"""The column of a form's settings that names the stage of the flow, and the stage of one that does not."""
_WORDS_OF_WHEN = ("any", "all", "not")
"""What a `when` table understands as its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a form does not say and its author does."""

    stage: str = ""
    """Where it is empty, what the form's settings say in a column "stage"; else `ASSUMED`."""
    frame: str = "round"
    language: str = ""
    """Code of the main language; where it is empty, the form's own."""
    flow: str = ""
    """Id of the flow; where it is empty, the form's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of a form."""

    flow: str = ""
    version: int = 1
    stage: str = ""
    assumed: bool = False
    """Nobody has said the stage."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts of the flow and its translations by file name; none where nothing could be carried."""
    questions: tuple[Question, ...] = ()
    columns: tuple[Column, ...] = ()
    losses: tuple[Loss, ...] = ()
    notes: tuple[Loss, ...] = ()
    """What is there in another way, with the same meaning."""
    issues: tuple[Issue, ...] = ()
    """What has to be repaired before the flow can be asked."""
    reason: str = ""
    """Why nothing could be carried."""

    @property
    def verdict(self) -> Verdict:
        """Whether all of the form is in the flow."""
        if not self.files:
            return "not at all"
        return "with losses" if self.losses else "fully"

    @property
    def names(self) -> dict[str, str]:
        """The ids of questions, columns and choices that differ from the names in the form, by these."""
        choices = ((choice.name, choice.id) for question in self.questions for choice in question.choices)
        questions = ((one.name, one.id) for one in self.questions)
        columns = ((one.name, one.id) for one in self.columns)
        return {name: id_ for name, id_ in (*questions, *columns, *choices) if name != id_}

    @property
    def is_sound(self) -> bool:
        """Whether there is a flow that can be asked as it is."""
        return bool(self.files) and not any(issue.severity == "error" for issue in self.issues)


def carry(data: bytes, name: str, wishes: Wishes, catalog: Catalog) -> Imported:
    """Return the flow that a form makes; `name` is the file's, `catalog` has what the flow is checked against.

    Never raises for a bad file: `reason` tells why nothing could be carried.
    """
    ledger = Ledger()
    try:
        book = read(data, name)
        languages = languages_of(book, wishes.language, catalog.languages, ledger)
    except Unreadable as error:
        return Imported(reason=f"{name}: {error}")
    found, columns = _questions(book, languages, wishes.frame, catalog, ledger)
    _report_book(book, ledger)
    if languages.others:
        ledger.note("settings", 0, "the title is the same in all languages")
    losses, notes = ledger.of(notes=False), ledger.of(notes=True)
    if not found:
        return Imported(losses=losses, notes=notes, reason=f"{name}: none of its questions can be asked here.")
    flow = _flow_name(book, name, wishes)
    version = 1 + max((number for known, number in catalog.compiled if known == flow), default=0)
    said = wishes.stage or _stage(book)
    stage = said or ASSUMED
    head = {"flow": flow, "version": version, "stage": stage, "language": languages.main}
    head |= {"title": _title(book, flow), "frame": wishes.frame}
    files = _files(head, found, columns, languages, (name, losses), catalog)
    return Imported(
        flow=flow,
        version=version,
        stage=stage,
        assumed=not said,
        files=files,
        questions=tuple(found),
        columns=tuple(columns),
        losses=losses,
        notes=notes,
        issues=tuple(catalog.faults_of(files)),
    )


def _questions(
    book: Workbook, languages: Languages, frame: str, catalog: Catalog, ledger: Ledger
) -> tuple[list[Question], list[Column]]:
    place = catalog.shelf.frames.get(frame)
    taken = {*(place.document.order if place else ()), QUESTIONS, *_WORDS_OF_WHEN}
    reading = Reading(book, languages, _offer((languages.main, *languages.others)), taken, ledger)
    asked = [scaled(one, languages.main, catalog.shelf, ledger) for one in reading.found]
    return settled(asked, reading, ledger)


def _offer(languages: Iterable[str]) -> Offer:
    def said(key: str) -> dict[str, str]:
        return {language: texts(language)(f"importing.{key}") for language in languages}

    return Offer(said("ok"), said("other"), said("which_other"))


def _flow_name(book: Workbook, name: str, wishes: Wishes) -> str:
    wanted = wishes.flow or book.settings.get("id_string") or PurePath(name).stem
    return cleaned(wanted, "form")[:LONGEST_NAME].rstrip("_")


def _stage(book: Workbook) -> str:
    """Return the stage that the settings name; empty where they name none there is."""
    named = book.settings.get(STAGE, "").lower()
    return named if named in STAGES else ""


def _title(book: Workbook, flow: str) -> str:
    return plain(book.settings.get("title", "")).text or flow.replace("_", " ").capitalize()


def _files(
    head: Mapping[str, Any],
    found: list[Question],
    columns: list[Column],
    languages: Languages,
    source: _Source,
    catalog: Catalog,
) -> dict[str, str]:
    name, losses = source
    remarks = [f"From the spreadsheet {name}. Read it aloud before you ask it."]
    remarks += ["Not carried over:", *(f"  {line}" for line in lines(losses))] if losses else []
    flow = head["flow"]
    files = {f"{flow}.toml": _tidied(writing.flow(head, found, columns, languages.main, remarks), catalog)}
    for language in languages.others:
        above = {"of": {"flow": flow, "version": head["version"]}, "language": language, "title": head["title"]}
        files[f"{flow}.{language}.toml"] = writing.translation(above, found, language)
    return files


def _tidied(text: str, catalog: Catalog) -> str:
    """Return the text of a flow without the ways that no answer takes: each stands on a line of its own.

    A form says of each question when it is asked; what was answered on the way there is known to the check alone.
    """
    for _ in range(_ROUNDS if "{ when = " in text else 0):
        dead = {issue.line for issue in catalog.faults_of({"flow.toml": text}) if issue.code == "dead-way"}
        if not dead:
            break
        text = "\n".join(line for number, line in enumerate(text.split("\n"), 1) if number not in dead)
    return text


# --------------------------------------------------------------------------- the form as a whole

_READ = {"title", "id_string", "default_language", "version"}
_TECHNICAL = {
    *(
        "name",
        "style",
        "instance_xmlns",
        "instance_name",
        "instance_id",
        "namespaces",
        "attribute",
        "clean_text_values",
    ),
    *(
        "allow_choice_duplicates",
        "omit_instanceid",
        "sms_keyword",
        "sms_separator",
        "prefix",
        "delimiter",
        "compact_tag",
    ),
    *("client_editable", "auto_send", "auto_delete", "flat"),
}
"""Settings of programs that fill in forms: nobody who answers notices them."""


def _report_book(book: Workbook, ledger: Ledger) -> None:
    for fault in book.faults:
        ledger.lose("form", 0, f"ODK would refuse it: {fault}")
    for sheet in book.others:
        ledger.lose(sheet, 0, "this sheet is left out")
    filtering = {word for row in book.survey for word in re.findall(r"[\w-]+", row.text("choice_filter"))}
    for sheet, column in (one for one in book.unknown if one[1] not in filtering):
        ledger.note(sheet, 0, f'the column "{column}" is no part of the format, and is not read')
    for setting, value in book.settings.items():
        _report_setting(setting, value, ledger)


def _report_setting(setting: str, value: str, ledger: Ledger) -> None:
    if setting.lower() in _TECHNICAL:
        ledger.note("settings", 2, f'"{setting}" is for programs that fill in forms')
    elif setting == "version":
        ledger.note("settings", 2, f'a flow counts its versions itself, so "{value}" is not kept')
    elif setting == STAGE:
        if value.lower() not in STAGES:
            ledger.lose("settings", 2, f'stage "{value}" is none of {", ".join(STAGES)}')
    elif setting not in _READ:
        ledger.lose("settings", 2, f'"{setting}" is left out')
