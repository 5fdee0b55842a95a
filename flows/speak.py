"""Prompts: what a state says, with its buttons, before a channel gives it form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from flows import cards, dates, days, points, ranking
from flows.model import (
    Allocate,
    Answer,
    Ask,
    BestWorst,
    Button,
    Choose,
    Date,
    End,
    Number,
    Photo,
    Pick,
    Place,
    Prompt,
    Rank,
    Rate,
    Review,
    Say,
    Voice,
    button_data,
)
from flows.understand import with_unit
from flows.words import fill, label_of, meaning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from flows.model import Flow, Option, Question, Script, Session, State

SKIP, DONE, OK = "@skip", "@done", "@ok"
"""What helper buttons carry in place of an option."""

ORDERED, ANEW = "@ordered", "@anew"
"""The same: the order stands as tapped (ticks are handed in otherwise); give all points again from the first option."""

LANGUAGE, CHANGE, WORD = "@language", "@change", "@word"
"""What the buttons of side questions, and of words that mean something everywhere, carry in place of a state."""

_DASH = " – "
"""Stands between a word and what it does, in a list of words."""

UNLISTED = frozenset({"age", "begin", "gate"})
"""Roles of answers that a list of answers leaves out: they open doors and say nothing about the service."""

_LONGEST_QUOTE = 80


def prompt(script: Script, session: Session, state: State, *, update: bool = False) -> Prompt:
    """Return what `state` asks, for this session; `update` where only the ticks of the last message changed."""
    laid = script.prompts.get(state.id)
    if laid is None:
        laid = script.prompts[state.id] = _laid(script, state)
    if session.picked or update or "{" in laid.text or type(state) in _LIVING:
        laid = _as_it_stands(script, session, state, laid, update=update)
    return replace(laid, tag=session.tag) if laid.offers else laid


_STEPWISE = (Rank, Allocate, BestWorst)
"""Questions answered in several steps, whose words or buttons change with each."""
_LIVING = (Review, *_STEPWISE)


def _as_it_stands(script: Script, session: Session, state: State, laid: Prompt, *, update: bool) -> Prompt:
    """Return what is asked with all that this session changes in it."""
    if isinstance(state, Review):
        laid = replace(laid, offers=(*_changing(script, session), *laid.offers))
    elif isinstance(state, _STEPWISE):
        laid = replace(_stepped(script, session, state, laid), update=update)
    else:
        laid = replace(laid, offers=_ticked(laid.offers, session.picked), update=update)
    return replace(laid, text=told(script, session, laid.text))


def _changing(script: Script, session: Session) -> tuple[Button, ...]:
    """Return a button for each answer of the list, by its number: it asks that question again."""
    states = enumerate(listed(script, session), 1)
    return tuple([Button(str(k), button_data("", CHANGE, state), helper=True) for k, state in states])


def _stepped(script: Script, session: Session, state: Rank | Allocate | BestWorst, laid: Prompt) -> Prompt:
    """Return what is asked at this step of the question."""
    match state:
        case Rank():
            return replace(laid, offers=_placed(laid.offers, session.picked)) if session.picked else laid
        case Allocate():
            return _dividing(script, session, state, laid)
        case BestWorst():
            return _carded(script, session, state, laid)


def _placed(offers: tuple[Button, ...], order: tuple[str, ...]) -> tuple[Button, ...]:
    """Return the options with the place each has been given: `1. Open later`."""
    places = {option: place for place, option in enumerate(order, 1)}
    return tuple([replace(one, label=_at_place(one, places)) for one in offers])


def _at_place(offer: Button, places: dict[str, int]) -> str:
    place = places.get(offer.data.rpartition(":")[2])
    return f"{place}. {offer.label}" if place else offer.label


def _dividing(script: Script, session: Session, state: Allocate, laid: Prompt) -> Prompt:
    """Return the options with the points they got, and a button for each number the next one can get."""
    given = points.read(session.picked)
    lines = [_points_line(script, n, option, given) for n, option in enumerate(state.options, 1)]
    following = state.options[len(given)]
    asked = {"label": following.label, "left": points.left(state, session.picked)}
    hint = "" if given else fill(script.phrases.get("allocate_hint", ""), points.facts(state))
    now = fill(script.phrases.get("allocate_next", ""), asked)
    text = "\n\n".join(filter(None, (state.text, "\n".join(lines), hint, now)))
    numbers = points.offered(state, session.picked)
    buttons = [Button(str(one), button_data("", state.id, f"{len(given)}={one}")) for one in numbers]
    anew = [_helper(script, state.id, "anew_label", ANEW)] if given else []
    return replace(laid, text=text, offers=(*buttons, *anew, *laid.offers), numbered=False)


def _points_line(script: Script, n: int, option: Option, given: dict[str, int]) -> str:
    if option.id not in given:
        return f"{n} {option.label}"
    return f"{n} {_points_of(script, option.label, given[option.id])}"


def _points_of(script: Script, label: str, number: int) -> str:
    return fill(script.phrases.get("allocate_line") or "{label}: {points}", {"label": label, "points": number})


def _carded(script: Script, session: Session, state: BestWorst, laid: Prompt) -> Prompt:
    """Return the card at hand: its options, the best of them ticked once it is known."""
    card = cards.at_hand(state, session.tag, session.picked)
    phrase = "bestworst_last" if card.best else "bestworst_best"
    values = {"card": len(cards.done(session.picked)) + 1, "cards": len(cards.plan(state, session.tag))}
    hints = [fill(script.phrases.get(phrase, ""), values)]
    if state.optional:
        hints.append(script.phrases.get("bestworst_skip", ""))
    text = "\n\n".join(filter(None, (state.text, " ".join(filter(None, hints)))))
    offers = _options(state, cards.options_of(state, card))
    return replace(laid, text=text, offers=(*_ticked(offers, (card.best,)), *laid.offers))


def _ticked(offers: tuple[Button, ...], picked: tuple[str, ...]) -> tuple[Button, ...]:
    return tuple([replace(one, ticked=one.data.rpartition(":")[2] in picked) for one in offers])


def _laid(script: Script, state: State) -> Prompt:
    """Return what `state` asks whoever it asks: no tag in its buttons, nothing filled in and nothing ticked."""
    match state:
        case Choose(options=options) | Rate(options=options):
            text, buttons, wants = state.text, _options(state, options), ""
        case Pick(options=options):
            done = _helper(script, state.id, "done_label", DONE)
            text, buttons, wants = _picking(script, state), (*_options(state, options), done), ""
        case Rank(options=options):
            done = _helper(script, state.id, "done_label", ORDERED)
            text, buttons, wants = _ranking(script, state), (*_options(state, options), done), ""
        case Allocate() | BestWorst():
            text, buttons, wants = state.text, (), ""
        case Date():
            text, buttons, wants = _hinted(script, state), _days(script, state), ""
        case Place() | Photo() | Voice():
            text, buttons, wants = _hinted(script, state), (), type(state).__name__.lower()
        case Ask() | Number():
            text, buttons, wants = _hinted(script, state), _ending(script, state), ""
        case Review():
            text, buttons, wants = state.text, (_helper(script, state.id, "ok_label", OK),), ""
        case _:
            return Prompt(state.text)
    if not isinstance(state, Review) and state.optional and state.role is None:  # a consent is a plain yes or no
        buttons = (*buttons, _helper(script, state.id, "skip_label", SKIP))
    return Prompt(text, buttons, wants=wants, state=state.id)


def told(script: Script, session: Session, text: str) -> str:
    """Fill what is known only while playing: the receipt and the list of answers."""
    if "{" not in text:
        return text
    return fill(text, {"receipt": session.receipt, "list": listing(script, session) if "{list}" in text else ""})


def _ending(script: Script, state: Ask | Number) -> tuple[Button, ...]:
    """Return the button that says that no more words come, where several messages make one answer."""
    joins = isinstance(state, Ask) and state.joins_within
    return (_helper(script, state.id, "done_label", DONE),) if joins else ()


def _options(state: State, options: Iterable[Option]) -> tuple[Button, ...]:
    return tuple(Button(option.label, button_data("", state.id, option.id)) for option in options)


def _helper(script: Script, state: str, phrase: str, option: str) -> Button:
    label = script.phrases.get(phrase) or option.strip("@").upper()
    return Button(label, button_data("", state, option), helper=True)


def _picking(script: Script, state: Pick) -> str:
    hints = [script.phrases.get("pick_hint", "")]
    if state.most is not None and state.most < len(state.options):
        hints.append(fill(script.phrases.get("pick_most_hint", ""), {"most": state.most}))
    return " ".join(filter(None, (state.text, *hints)))


def _ranking(script: Script, state: Rank) -> str:
    hints = [fill(script.phrases.get("rank_hint", ""), {"example": ranking.example(state)})]
    if state.places < len(state.options):
        hints.append(fill(script.phrases.get("pick_most_hint", ""), {"most": state.places}))
    return " ".join(filter(None, (state.text, *hints)))


def _days(script: Script, state: Date) -> tuple[Button, ...]:
    labels = ((one, script.phrases.get(f"{one}_label") or one) for one in days.offered(state))
    return tuple(Button(label, button_data("", state.id, one)) for one, label in labels)


def _hinted(script: Script, state: Question) -> str:
    """Return a free question with its hints: what may be sent, and SKIP where it may be left out."""
    hints = [state.text, _kind_hint(script, state)]
    if state.optional:
        hints.append(script.phrases.get("skip_hint", ""))
    return " ".join(filter(None, hints))


def _kind_hint(script: Script, state: Question) -> str:
    match state:
        case Number(least=float() | int() as least, most=float() | int() as most, unit=unit):
            limits = {"least": with_unit(least, "", script.language), "most": with_unit(most, unit, script.language)}
            return fill(script.phrases.get("number_hint", ""), limits)
        case Place():
            return script.phrases.get("place_hint", "")
        case Photo():
            return script.phrases.get("photo_hint", "")
        case Voice():
            return script.phrases.get("voice_hint", "")
        case Date():
            return script.phrases.get("date_hint", "")
        case Ask(joins_within=waits) if waits:
            return script.phrases.get("join_hint", "")
        case _:
            return ""


def listed(script: Script, session: Session) -> list[str]:
    """Return the states whose answers a list shows, in its order: number 1 is the first."""
    return [state for state in session.answers if _is_listed(script.states.get(state))]


def _is_listed(state: State | None) -> bool:
    return state is not None and not isinstance(state, Say | Review | End) and state.role not in UNLISTED


def listing(script: Script, session: Session) -> str:
    """Return the answers so far, one line each: number, question, answer in words."""
    lines = (_line(script, k, session.answers[state]) for k, state in enumerate(listed(script, session), 1))
    return "\n".join(lines)


def _line(script: Script, k: int, answer: Answer) -> str:
    question = script.states[answer.state].text.strip().split("\n")[0]
    values = {"k": k, "question": question, "answer": shortened(spoken(script, answer))}
    return fill(script.phrases.get("review_line") or "{k}. {question} {answer}", values)


def spoken(script: Script, answer: Answer) -> str:
    """Return an answer in the words a citizen knows: labels, not ids."""
    value = answer.value
    if value is None:
        return script.phrases.get("skipped_mark", "")
    match script.states.get(answer.state):
        case Choose(options=options) | Rate(options=options):
            return label_of(options, str(value))
        case Pick() | Rank() | Allocate() | BestWorst() as question if isinstance(value, tuple):
            return _several_in_words(script, question, value)
        case Number(unit=unit) if isinstance(value, float | int):
            return with_unit(value, unit, script.language)
        case Date() if day := dates.parse(str(value)):
            return dates.spoken(day, script.language)
        case Photo() | Voice() as state:
            mark = script.phrases.get("photo_mark" if isinstance(state, Photo) else "voice_mark", "")
            return " ".join(filter(None, (mark, answer.caption)))
        case Place() if is_pin(str(value)):
            return script.phrases.get("place_mark", "") or str(value)
        case _:
            return str(value)


def _several_in_words(script: Script, question: Pick | Rank | Allocate | BestWorst, value: tuple[str, ...]) -> str:
    options = question.options
    match question:
        case Pick():
            return ", ".join(label_of(options, option) for option in value)
        case Rank():
            return ", ".join(f"{place}. {label_of(options, option)}" for place, option in enumerate(value, 1))
        case Allocate():
            given = points.read(value).items()
            return ", ".join(_points_of(script, label_of(options, option), number) for option, number in given)
        case BestWorst():
            return "; ".join(_card_in_words(script, options, cards.read(one)) for one in value)


def _card_in_words(script: Script, options: Sequence[Option], card: cards.Card) -> str:
    if card.left_out:
        return script.phrases.get("skipped_mark", "")
    labels = {"best": label_of(options, card.best), "last": label_of(options, card.last)}
    return fill(script.phrases.get("bestworst_line") or "{best} > {last}", labels)


def is_pin(value: str) -> bool:
    """Whether a place is a point on the map, as `understand` writes it, and no words: "12,5" is none."""
    return _PIN.fullmatch(value) is not None


_PIN = re.compile(r"-?\d+\.\d{5},-?\d+\.\d{5}")


def shortened(text: str, most: int = _LONGEST_QUOTE) -> str:
    """Return `text` on one line, cut after `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def change_prompt(script: Script, session: Session) -> Prompt:
    """Return the list of answers that CHANGE shows in the middle of a conversation."""
    text = script.phrases.get("change_list") or "{list}"
    return Prompt(
        told(script, session, text),
        (*_changing(script, session), _helper(script, CHANGE, "ok_label", OK)),
        state=session.state,
        tag=session.tag,
    )


def language_prompt(flow: Flow, session: Session) -> Prompt:
    """Return the question that LANGUAGE asks: each language by its own name."""
    buttons = [Button(language_name(flow, one), button_data("", LANGUAGE, one)) for one in flow.languages]
    text = flow.script(session.language).phrases.get("language_ask", "")
    return Prompt(text, tuple(buttons), state=session.state, tag=session.tag)


def word_list(script: Script, text: str, possible: Collection[str], tag: str) -> tuple[Prompt, ...]:
    """Return a list of words to send ("SKIP – leave this question out"), each also as a button.

    Lines whose word is not `possible` here are left out. What stands below the list is a prompt of its own.
    """
    lines = [(line, _word_of(script, line)) for line in text.strip().split("\n")]
    kept = [(line, word) for line, word in lines if not word or word in possible]
    end = max((n for n, (_, word) in enumerate(kept, 1) if word), default=0)
    above, below = ("\n".join(line for line, _ in part).strip() for part in (kept[:end], kept[end:]))
    buttons = tuple(word_button(line.partition(_DASH)[0], word) for line, word in kept if word)
    return tuple(one for one in (Prompt(above, buttons, tag=tag), Prompt(below)) if one.text)


def _word_of(script: Script, line: str) -> str:
    """Return the word that a line of a list begins with; empty where it is none."""
    head, dash, _ = line.partition(_DASH)
    return (dash and meaning(script, head)) or ""


def word_button(label: str, word: str) -> Button:
    """Return a button that stands for a word."""
    return Button(label, button_data("", WORD, word), helper=True)


def words_offered(script: Script, text: str, words: Iterable[str], tag: str) -> Prompt:
    """Return `text` with a button for each of `words`, labelled as HELP names it."""
    lines = (script.phrases.get("help") or "").split("\n")
    heads = {_word_of(script, line): line.partition(_DASH)[0] for line in lines}
    return Prompt(text, tuple(word_button(heads.get(word, word.upper()), word) for word in words), tag=tag)


def language_name(flow: Flow, language: str) -> str:
    """Return a language's name in itself (Español), or its code."""
    return flow.scripts[language].phrases.get("language_name") or language
