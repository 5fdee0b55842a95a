"""On which side somebody's words stand: the question decides before the score, in every flow that ships."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from sqlalchemy import select

from bot import config as configuration
from bot.digests.sides import of_service
from bot.digests.weeks import Week
from bot.digests.writing import Digests
from bot.rounds.library import Library
from flows.catalog import Catalog
from flows.model import Ask
from storage import answers, behind, tables, themes
from storage.behind import Picked
from storage.sides import Sides
from storage.themes import MANAGER, Sorted
from tests.storage import makers
from tests.storage.makers import DAY, NOW, answer, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from storage.database import Database
    from storage.rounds import RoundRow

CATALOG = Catalog.load()
CONFIG = configuration.load(None, {})
SERVICE = CONFIG.services[0].key
WEEK = Week.of(NOW, CONFIG.city.zone)
SPAN = WEEK.span(CONFIG.city.zone)
LATER = SPAN[1] + DAY
LIBRARY = Library(CONFIG, CATALOG, makers.KEYS)
DESK = Digests(CONFIG, CATALOG.bank, LIBRARY)
FULL = 12
"""People: enough for a digest that tells of themes."""


class Asked(NamedTuple):
    """A question for words in a flow that ships, with the score beside it, and the side its words stand on."""

    flow: str
    state: str
    score: str
    choice: str
    works: bool


CASES = [
    Asked("need_round", "problem", "com.understood", "5", works=False),
    Asked("need_round", "asked", "com.understood", "5", works=False),
    Asked("budget_round", "reason", "", "", works=False),
    Asked("budget_round", "asked", "", "", works=False),
    Asked("idea_round", "worry", "des.equal", "5", works=False),
    Asked("idea_round", "change", "des.equal", "5", works=False),
    Asked("idea_round", "who", "des.equal", "5", works=False),
    Asked("idea_round", "asked", "des.equal", "5", works=False),
    Asked("option_round", "instead", "des.equal", "5", works=False),
    Asked("option_round", "asked", "des.equal", "5", works=False),
    Asked("pilot_check", "problem", "pil.useful", "5", works=False),
    Asked("pilot_check", "asked", "pil.useful", "5", works=False),
    Asked("pilot_diary", "problem", "pil.useful", "5", works=False),
    Asked("deliver_pulse", "reason", "del.overall", "5", works=True),
    Asked("deliver_pulse", "reason", "del.overall", "2", works=False),
    Asked("deliver_pulse", "reason", "", "", works=False),
    Asked("yearly_review", "asked", "ass.change", "5", works=False),
    Asked("keep_or_stop", "reasons", "ren.future", "keep", works=True),
    Asked("keep_or_stop", "reasons", "ren.future", "improve", works=False),
    Asked("keep_or_stop", "reasons", "ren.future", "stop", works=False),
    Asked("keep_or_stop", "reasons", "ren.told", "clear", works=False),
    Asked("keep_or_stop", "asked", "ren.told", "clear", works=False),
]


def asking() -> set[tuple[str, str]]:
    """Return (flow, state) of each question for words in the flows that ship, without what the frames ask."""
    flows = [CATALOG.get(flow, max(CATALOG.versions(flow))) for flow, _ in CATALOG.compiled]
    flows = [flow for flow in flows if flow.stage]
    return {
        (flow.id, state.id)
        for flow in flows
        for state in flow.script(flow.language).states.values()
        if isinstance(state, Ask) and not state.id.startswith("for_whom.")
    }


def test_each_question_for_words_that_ships_stands_in_these_tests() -> None:
    assert {(case.flow, case.state) for case in CASES} == asking()


def test_each_item_of_the_bank_that_asks_for_words_says_what_for_or_what_it_explains() -> None:
    items = CATALOG.bank.items
    words = [item for item in items.values() if item.verb == "ask"]
    assert all(bool(item.side) != bool(item.explains) for item in words), words
    assert all(item.explains in items for item in words if item.explains)
    options = {item.id: {option.id for option in items[item.explains].options} for item in words if item.explains}
    assert all(set(item.works_if) <= options.get(item.id, set()) for item in words)


def round_of(db: Connection, flow: str) -> RoundRow:
    version = max(CATALOG.versions(flow))
    stage = str(CATALOG.get(flow, version).stage)
    return makers.add_round(db, flow, service=SERVICE, stage=stage, flow=flow, version=version, opened_at=NOW - 2 * DAY)


def write(db: Connection, of: RoundRow, state: str, who: Sequence[bytes], scores: Mapping[str, str]) -> int:
    """Let people score, then answer a question for words, all about one theme; return it."""
    made = CATALOG.get(of.flow, of.version).script("en").states.get(state)
    item = made.item if isinstance(made, Ask) else None
    for score, choice in scores.items():
        facts: dict[str, Any] = {"item": score, "choice": choice, "score": None}
        answers.append(db, [answer(of, one, score.partition(".")[2], **facts) for one in who])
    answers.append(
        db,
        [
            text(of, f"The door was shut at {n}", one, item=item, state=state, quotable=True)
            for n, one in enumerate(who)
        ],
    )
    themes.add(db, SERVICE, [("door", {"en": "Door"})], MANAGER, NOW)
    theme = themes.by_key(db, SERVICE, "door")
    assert theme is not None
    known = select(tables.text_themes.c.answer_id)
    new = select(tables.answers.c.id).where(tables.answers.c.verb == "ask", tables.answers.c.id.not_in(known))
    ids = list(db.execute(new).scalars())
    themes.keep(db, [themes.Reading(one, SERVICE, None, "en", "test", NOW) for one in ids])
    themes.settle(db, themes.revision(db, SERVICE), ids, [Sorted(one, theme.id, 0.9) for one in ids])
    return theme.id


def people(prefix: str, n: int = FULL) -> list[bytes]:
    return [f"{prefix} {one}".encode() for one in range(n)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(case[:4]))
def test_the_question_decides_before_the_score(database: Database, case: Asked) -> None:
    """In the digest, its quotes, and the answers behind it."""
    with database.transaction() as db:
        of = round_of(db, case.flow)
        theme = write(db, of, case.state, people("a"), {case.score: case.choice} if case.score else {})
    with database.reading() as db:
        made = DESK.of_week(db, SERVICE, WEEK, LATER)
        sides = of_service(db, LIBRARY, CATALOG.bank, SERVICE, SPAN)
        picked = Picked(SERVICE, *SPAN, theme=theme, sides=sides)
        seen = [behind.count(db, replace(picked, side=side)) for side in ("well", "others")]
    assert made is not None
    assert ([each.key for each in made.problems], made.works and made.works.key) == (
        ([], "door") if case.works else (["door"], None)
    )
    told = made.works or made.problems[0]
    assert told.quote is not None
    assert "The door was shut" in told.quote.text
    assert seen == ([FULL, 0] if case.works else [0, FULL])


def test_what_should_not_change_is_told_as_what_works_however_poor_the_score(database: Database) -> None:
    with database.transaction() as db:
        of = round_of(db, "pilot_check")
        facts = {"item": "pil.keep", "state": "keep"}
        write(db, of, "keep", people("a"), {"pil.useful": "2"})
        db.execute(tables.answers.update().where(tables.answers.c.verb == "ask").values(**facts))
    with database.reading() as db:
        made = DESK.of_week(db, SERVICE, WEEK, LATER)
    assert made is not None
    assert (made.problems, made.works and made.works.key) == ((), "door")


SHUT = """
flow = "own"
version = 1
stage = "deliver"
language = "en"
title = "Own"
frame = "pulse"
start = "overall"

[states.overall]
item = "del.overall"

[states.good]
ask = "What is good here?"
side = "works"

[states.bad]
ask = "What is bad here?"
side = "problem"

[states.why]
item = "del.reason"
side = "problem"

[states.else]
ask = "What else?"
next = "thanks"
"""


@pytest.mark.parametrize(
    ("state", "choice", "works"),
    [("good", "1", True), ("bad", "5", False), ("why", "5", False), ("else", "5", True), ("else", "2", False)],
)
def test_a_flow_of_ones_own_says_what_its_questions_ask_for(
    database: Database, state: str, choice: str, works: bool
) -> None:
    catalog = Catalog.load()
    catalog.grow({"stages/own.toml": SHUT})
    own = Library(CONFIG, catalog, makers.KEYS)
    with database.transaction() as db:
        of = makers.add_round(db, "own", service=SERVICE, flow="own", opened_at=NOW - 2 * DAY)
        item = {"why": "del.reason"}.get(state)
        answers.append(db, [answer(of, one, choice=choice) for one in people("a")])
        said = [text(of, "The door", one, item=item, state=state) for one in people("a")]
        answers.append(db, said)
        themes.add(db, SERVICE, [("door", {"en": "Door"})], MANAGER, NOW)
        theme = themes.by_key(db, SERVICE, "door")
        assert theme is not None
        for one in db.execute(select(tables.answers.c.id).where(tables.answers.c.verb == "ask")).scalars().all():
            themes.correct(db, theme, one, None, NOW, fits=True)
        sides = of_service(db, own, catalog.bank, SERVICE, SPAN)
        assert themes.praised(db, SERVICE, *SPAN, sides) == ({theme.id: FULL} if works else {})


def test_of_several_texts_of_one_person_the_worst_counts(database: Database) -> None:
    with database.transaction() as db:
        of = round_of(db, "need_round")
        theme = write(db, of, "problem", people("a"), {"com.understood": "5"})
        rows = [
            text(of, "Keep the door", one, item="pil.keep", state="keep") for one in people("a", 5) + people("b", 7)
        ]
        answers.append(db, rows)
        known = select(tables.text_themes.c.answer_id)
        new = select(tables.answers.c.id).where(tables.answers.c.verb == "ask", tables.answers.c.id.not_in(known))
        ids = list(db.execute(new).scalars())
        themes.settle(db, themes.revision(db, SERVICE), ids, [Sorted(one, theme, 0.9) for one in ids])
        sides = of_service(db, LIBRARY, CATALOG.bank, SERVICE, SPAN)
        assert themes.praised(db, SERVICE, *SPAN, sides) == {theme: 7}
        assert themes.praised(db, SERVICE, *SPAN, Sides()) == {}


def test_a_side_changes_nothing_of_what_a_published_flow_asks() -> None:
    """A round of a version published before its question had a side goes on, and gets the side of today's file."""
    flow = CATALOG.get("option_round", max(CATALOG.versions("option_round")))
    files, _ = CATALOG.bundle(flow)
    before = {
        name: "\n".join(
            line for line in words.split("\n") if not line.startswith(("side =", "explains =", "works_if ="))
        )
        for name, words in files.items()
    }
    assert before != files
    assert CATALOG.still_asks(flow, before)
    assert CATALOG.changed(flow, before) == []
