"""The form as a conversation: a flow made of the items, so that the engine's words, buttons, back and skip work.

Predictions come first: what has been seen cannot be foretold any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bot.assessing.items import BY_ID, CAP, ITEMS, LEVELS, LONGEST_EVIDENCE, OF_STAGE, PROVEN_FROM, TOP
from bot.assessing.scoring import Said
from bot.assessing.words import words
from flows.composing import tables
from flows.model import Ask, Choose, End, Flow, Number, Option, Pick, Say, Script, Transition
from flows.model import Session as Talk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.assessing.items import Item
    from bot.texts import Texts
    from flows.catalog import Catalog
    from flows.model import Answer, State

NA: Final = "na"
GUESS, PROOF, TOPS, OPENING, END = "guess_", "_proof", "top", "opening", "end"


@dataclass(frozen=True, slots=True)
class Asked:
    """A round whose result is to be foretold: by language the question, and the answers that count as good."""

    round_id: int
    stage: str
    question: Mapping[str, str]
    good: Mapping[str, Sequence[str]]


def flow(languages: Sequence[str], catalog: Catalog, stage: str | None, asked: Sequence[Asked]) -> Flow:
    """Return the form as a flow: of all items (`stage` None) or of one stage, with these predictions."""
    scripts = {language: _script(language, catalog, stage, asked) for language in languages}
    return Flow(_named(asked), 1, None, languages[0], OPENING, MappingProxyType(scripts))


def _named(asked: Sequence[Asked]) -> str:
    return "_".join(("assess", *(str(each.round_id) for each in asked)))


def rounds_of(name: str) -> list[int]:
    """Return the rounds that a flow of this name asks predictions of: a passage goes on with what it began with."""
    return [int(each) for each in name.split("_")[1:]]


def items(stage: str | None) -> tuple[Item, ...]:
    """Return the items of a form."""
    return ITEMS if stage is None else OF_STAGE[stage]


def _script(language: str, catalog: Catalog, stage: str | None, asked: Sequence[Asked]) -> Script:
    typed = catalog.words(language)
    states = _linked(list(_states(words(language), stage, asked)))
    return Script(language, states, catalog.phrases(language), typed, tables=tables(states, typed))


def _linked(states: Sequence[State]) -> Mapping[str, State]:
    return MappingProxyType({state.id: state for state in states})


def _states(said: Texts, stage: str | None, asked: Sequence[Asked]) -> Iterator[State]:
    own = items(stage)
    order = [*(f"{GUESS}{each.round_id}" for each in asked), *(item.id for item in own), *([TOPS] if not stage else [])]
    after = dict(zip(order, [*order[1:], END], strict=True))
    yield Say(id=OPENING, text=_opening(said, stage, len(own) + len(asked)), next=(Transition(order[0]),))
    for each in asked:
        yield _guess(said, each, after[f"{GUESS}{each.round_id}"])
    for place, item in enumerate(own, 1):
        yield from _item(said, item, f"{place}/{len(own)}", after[item.id])
    if not stage:
        yield _top(said)
    yield End(id=END, text=said("form.done"))


def _opening(said: Texts, stage: str | None, count: int) -> str:
    begins = said("form.open_stage", n=count, stage=said(f"stage.{stage}")) if stage else said("form.open_full")
    return "\n\n".join((begins, f"{said('about.use')} {said('about.who')}", said("about.source")))


def _guess(said: Texts, asked: Asked, after: str) -> Number:
    return Number(
        id=f"{GUESS}{asked.round_id}",
        text=guess_text(said, asked),
        next=(Transition(after),),
        why=said("form.why_predict"),
        least=0,
        most=100,
        whole=True,
    )


def guess_text(said: Texts, asked: Asked) -> str:
    """Return the question that asks for a prediction."""
    good = asked.good.get(said.language) or next(iter(asked.good.values()), ())
    question = asked.question.get(said.language) or next(iter(asked.question.values()), "")
    chosen = said.either([label[:1].lower() + label[1:] for label in good])
    return said("form.predict", stage=said(f"stage.{asked.stage}"), good=chosen, question=question)


def _item(said: Texts, item: Item, place: str, after: str) -> Iterator[State]:
    proof = f"{item.id}{PROOF}"
    options = tuple(
        Option(str(level), said(f"level.{level}"), next=proof if level >= PROVEN_FROM else None) for level in LEVELS
    )
    last = Option(NA, said(f"level.{NA}"))
    why = said("form.why_item")
    text = item_text(said, item, place)
    yield Choose(id=item.id, text=text, next=(Transition(after),), why=why, options=(*options, last))
    asks = said(
        "form.proof",
        proof=said(f"item.{item.id}.proof"),
        level=said(f"level.{PROVEN_FROM}"),
        cap=said(f"level.{CAP}"),
    )
    yield Ask(id=proof, text=asks, next=(Transition(after),), why=why, most=LONGEST_EVIDENCE)


def item_text(said: Texts, item: Item, place: str) -> str:
    """Return one item in words: where we are, the statement, what three of its levels look like."""
    at, _, of = place.partition("/")
    head = said("form.item", place=at, all=of, stage=said(f"stage.{item.stage}"), skill=said(f"skill.{item.skill}"))
    anchors = [
        f"{said(f'level.{level}')}: {said(f'item.{item.id}.{name}')}"
        for level, name in ((0, "none"), (2, "some"), (4, "best"))
    ]
    return "\n".join((head, "", said(f"item.{item.id}.says"), "", *anchors))


def _top(said: Texts) -> Pick:
    options = tuple(Option(item.id, said(f"item.{item.id}.short")) for item in ITEMS)
    return Pick(
        id=TOPS, text=said("form.top"), next=(Transition(END),), why=said("form.why_item"), options=options, most=TOP
    )


# --------------------------------------------------------------------------- what was said


def levels(session: Talk) -> dict[str, Said]:
    """Return what was said of each item; those left out are not in it."""
    answers = session.answers
    return {
        item: Said(None if chosen == NA else int(chosen), _text(answers.get(f"{item}{PROOF}")))
        for item in BY_ID
        if item in answers and isinstance(chosen := answers[item].value, str)
    }


def _text(answer: Answer | None) -> str:
    return answer.value if answer is not None and isinstance(answer.value, str) else ""


def guesses(session: Talk) -> dict[int, int]:
    """Return what was predicted so far, by the round's number."""
    found = ((state, answer.value) for state, answer in session.answers.items() if state.startswith(GUESS))
    return {int(state.removeprefix(GUESS)): round(value) for state, value in found if isinstance(value, float | int)}


def top(session: Talk) -> tuple[str, ...]:
    """Return the items somebody wants to work on."""
    value = session.answers[TOPS].value if TOPS in session.answers else None
    return picked(value if isinstance(value, tuple) else ())


def picked(chosen: Iterable[str]) -> tuple[str, ...]:
    """Return those of `chosen` that are items, three at most."""
    return tuple(item for item in chosen if item in BY_ID)[:TOP]
