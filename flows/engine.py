"""Play a flow: `start` a session, `advance` it by one message. Pure: no clock, no chance, no memory of its own.

`advance` reads as a citizen's message is read: a button, an everywhere word, or an answer to the question at hand. What
it leads to is gathered on a `_Scene` and handed back as one `Turn`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from msgspec.structs import replace

from flows import cards, days, joining
from flows.branching import ahead, onward, passed, walked
from flows.danger import speaks_of_danger
from flows.model import (
    Allocate,
    Answer,
    Answered,
    Ask,
    Asked,
    BestWorst,
    Choose,
    Date,
    End,
    Ended,
    HandedIn,
    Kind,
    LanguageChosen,
    Misunderstood,
    Moved,
    Number,
    Photo,
    Pick,
    Place,
    Prompt,
    Question,
    Rank,
    Rate,
    Review,
    Session,
    Spoke,
    Started,
    Status,
    Turn,
    Urgent,
    Voice,
    Withdrawn,
    parse_button,
)
from flows.phrasebook import EVERYWHERE
from flows.speak import (
    ANEW,
    CHANGE,
    DONE,
    LANGUAGE,
    OK,
    ORDERED,
    SKIP,
    WORD,
    change_prompt,
    language_name,
    language_prompt,
    listed,
    prompt,
    told,
    word_list,
    words_offered,
)
from flows.understand import finished, tapped, understand
from flows.understood import NOWHERE, Fault, Here, Ticked
from flows.words import chosen, clean, counted_word, fill, fold, is_command, meaning, word_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flows.branching import Walk
    from flows.model import Context, Event, Flow, Message, Part, Script, State
    from flows.understood import Understood

__all__ = ["advance", "ask_again", "beginning", "start", "word_of"]

PATIENCE = 3
"""From this many failed tries in a row the way out is named: SKIP, or a person."""

_URGENT = "urgent"
"""The frame's state that is said on words of danger."""

_QUESTIONS = get_args(Question)
_FREE = (Ask, Place, Photo, Voice)
_WORDED = (*_FREE, Date, Number)
"""Questions whose answer is read out of words, which may speak of danger beside it."""
_AT_ONCE = (Choose, Rate, Ask)
"""Questions to which it does not matter what was picked so far, whose session it is, nor which day."""
_LEAVING = {SKIP: "skip", DONE: "done"}
"""Buttons of a question that several messages answer, and the words they mean."""
_LISTING = (Pick, Rank)
"""Questions whose options are gathered one by one, until DONE."""
_EVERYWHERE = frozenset(EVERYWHERE)
MINE = "mine"
"""Asks what came of earlier answers: only as a command or a button, for the word alone may be an answer."""
_FOR_THE_BOT = frozenset({"human", "mydata", "delete", MINE})
_HELLO = frozenset({"start", "greeting"})
_HEARD_AMID = _EVERYWHERE | _HELLO | {"done", "ok"}
"""Words that do not join what was said before them."""
_TEXT, _TAP = Kind.TEXT, Kind.TAP  # to find a member in its enum takes 0.1 µs, and every message is asked its kind
_SILENCE = Kind.SILENCE
_ACTIVE = Status.ACTIVE
_ENDED = {one.value: one for one in Status}


class _Scene:
    """One turn in the making."""

    __slots__ = ("by_tap", "events", "flow", "now", "prompts", "script", "session")

    def __init__(self, flow: Flow, session: Session, now: datetime, *, by_tap: bool = False) -> None:
        self.flow = flow
        self.session = session
        self.now = now
        self.by_tap = by_tap
        self.script = flow.script(session.language)
        self.prompts: list[Prompt] = []
        self.events: list[Event] = []

    @property
    def state(self) -> State:
        return self.script.states[self.session.state]

    @property
    def here(self) -> Here:
        return _here(self.session, self.now)

    def move(self, **changes: Any) -> None:  # noqa: ANN401 - the fields of a Session
        self.session = replace(self.session, **changes)

    def say(self, phrase: str, values: Mapping[str, object] | None = None) -> None:
        text = self.script.phrases.get(phrase)
        if text:
            self.prompts.append(Prompt(fill(text, values) if values else text))

    def tell(self, state: State) -> None:
        if state.text:
            self.prompts.append(Prompt(told(self.script, self.session, state.text)))

    def ask(self, *, update: bool = False) -> None:
        self.prompts.append(prompt(self.script, self.session, self.state, update=update))

    def wait(self, question: Ask, parts: tuple[Part, ...]) -> None:
        self.session = joining.waiting(self.session, question, parts, self.now)

    def turn(self) -> Turn:
        return Turn(self.session, tuple(self.prompts), tuple(self.events))


def start(flow: Flow, context: Context, now: datetime) -> Turn:
    """Begin a session of `flow`: its first sentences and its first question. `now` is aware.

    For who is asked again it begins where the flow's own questions do.
    """
    session = Session(
        flow=flow.id,
        version=flow.version,
        language=context.language if context.language in flow.scripts else flow.language,
        channel=context.channel,
        tag=context.tag,
        receipt=context.receipt,
        state=flow.start,
        started_at=now.isoformat(),
        first_time=context.first_time,
        area=context.area,
        before=context.before,
        last=context.last,
    )
    scene = _Scene(flow, session, now)
    scene.events.append(Started())
    _enter(scene, beginning(flow, session), "", {}, ())
    return scene.turn()


def beginning(flow: Flow, session: Session) -> str:
    """Return the state in which a session begins: for who is asked again, the first of the flow's own."""
    return flow.start if session.before is None else flow.entry


def advance(flow: Flow, session: Session, message: Message, now: datetime) -> Turn:
    """Take one `message` of a citizen and return the turn it makes. Never raises for anything a citizen can send.

    `now` is aware, in the zone of the city: its day is what people mean by today.
    """
    script = flow.script(session.language)
    question = script.plain.get(session.state)
    understood = _plainly(script, session, question, message, now) if question else None
    if question is None or understood is None:
        return _turn(flow, session, message, now)
    if isinstance(understood, Answer) and (turn := _straight_on(script, session, question, understood)):
        return turn
    scene = _Scene(flow, session, now, by_tap=message.kind is _TAP)
    _take(scene, question, understood)
    return scene.turn()


def _here(session: Session, now: datetime) -> Here:
    return Here(session.picked, session.tag, now.date())


def _plainly(
    script: Script, session: Session, question: Question, message: Message, now: datetime
) -> Understood | None:
    """Return what `message` says where it can be nothing but an answer to the question at hand, else None.

    None for a word that means something everywhere, a command, a button of an earlier question, words of danger, an
    edited message: all that `_turn` goes into. Most messages are plain, and to know it at once halves their time.
    """
    if session.status is not _ACTIVE or session.asking or message.amends:
        return None
    if message.kind is _TAP:
        tag, asked, option = parse_button(message.data) or ("", "", "")
        return tapped(question, option, _here(session, now)) if (tag, asked) == (session.tag, question.id) else None
    text = clean(message.text)
    if message.kind is not _TEXT or text[:1] == "/" or meaning(script, text):
        return None
    if text[-1:].isdigit() and counted_word(script, text):
        return None
    kind = type(question)
    here = NOWHERE if kind in _AT_ONCE else _here(session, now)
    understood = understand(script, question, message, here)
    free = kind in _WORDED or isinstance(understood, Fault)
    return None if free and speaks_of_danger(script, message.text) else understood


def _straight_on(script: Script, session: Session, question: Question, answer: Answer) -> Turn | None:
    """Return the turn that takes `answer` and goes on to a new question or the end; None where there is more to it.

    `_answer` makes the same turn of it, in 6 µs instead of 3.
    """
    answers = {**session.answers, question.id: answer}
    trail = (*session.trail, question.id)
    if len(answers) != len(trail) or question.id in session.answers or session.returns is not None:
        return None
    to = script.straight.get(question.id) or onward(script.states, question, answers, session)
    state = script.states[to]
    session = replace(session, state=to, answers=answers, trail=trail, picked=(), tries=0)
    answered, moved = Answered(answer, question), Moved(question.id, to)
    if isinstance(state, _QUESTIONS) and to not in answers:
        return Turn(session, (prompt(script, session, state),), (answered, moved))
    if isinstance(state, End) and state.text:
        session = replace(session, status=_ENDED[state.outcome])
        return Turn(session, (prompt(script, session, state),), (answered, moved, Ended(session.status)))
    return None


def _turn(flow: Flow, session: Session, message: Message, now: datetime) -> Turn:
    scene = _Scene(flow, session, now, by_tap=message.kind is _TAP)
    if session.active and session.joins_until:
        _amid_words(scene, message)
    elif message.kind is not _SILENCE:
        _hear(scene, message)
    return scene.turn()


def _hear(scene: _Scene, message: Message) -> None:
    if not scene.session.active:
        scene.say("already_ended")
    elif message.amends and not _is_current(scene.session, message.amends):
        _amend(scene, message, message.amends)
    elif message.kind is _TAP:
        _tap(scene, message)
    elif message.kind is _TEXT:
        _type(scene, message)
    else:
        _reply(scene, message)


def ask_again(flow: Flow, session: Session) -> tuple[Prompt, ...]:
    """Return today's question once more, as it stands; empty when the session is over."""
    if not session.active:
        return ()
    if session.asking == "language":
        return (language_prompt(flow, session),)
    script = flow.script(session.language)
    if session.asking == "change":
        return (change_prompt(script, session),)
    return (prompt(script, session, script.states[session.state]),)


# --------------------------------------------------------------------------- what was sent


def _tap(scene: _Scene, message: Message) -> None:
    tag, state, option = parse_button(message.data) or ("", "", "")
    session = scene.session
    if tag != session.tag:
        _old_button(scene)
    elif state == LANGUAGE and option in scene.flow.scripts:
        _choose_language(scene, option)
    elif state == CHANGE and session.asking == "change" and option == OK:
        _ask_today(scene)
    elif state == WORD and option in {*_EVERYWHERE, MINE}:
        _everywhere(scene, option)
    elif state == CHANGE and option in listed(scene.script, session):
        _reopen(scene, option)
    elif state == session.state:
        _tap_here(scene, option)
    else:
        _tap_earlier(scene, state, option)


def _tap_earlier(scene: _Scene, state: str, option: str) -> None:
    """Take a tap on an earlier question for a change of its answer where its author allows that, else for a slip."""
    question = scene.script.states.get(state)
    given = scene.session.answers.get(state)
    if given is None or not isinstance(question, _QUESTIONS) or not question.changed_by_tap:
        _old_button(scene)
        return
    understood = _tapped_again(scene, question, option, given)
    if isinstance(understood, Ticked):
        _reopen(scene, state, understood.picked)
    elif isinstance(understood, Answer) and understood != given:
        scene.move(asking="")
        _replace(scene, question, understood, "changed")
    else:
        _old_button(scene)


def _tapped_again(scene: _Scene, question: Question, option: str, given: Answer) -> Understood | None:
    if option == SKIP:
        return Answer(question.id, None) if question.optional else None
    ticked = scene.session.moved(picked=_ticked_before(question, given))
    return tapped(question, option, _here(ticked, scene.now))


def _tap_here(scene: _Scene, option: str) -> None:
    state = scene.state
    if isinstance(state, Review):
        _hand_in(scene, state) if option == OK else _old_button(scene)
    elif isinstance(state, _QUESTIONS):
        _tap_answer(scene, state, option)


def _tap_answer(scene: _Scene, question: Question, option: str) -> None:
    understood: Understood | None
    if option == SKIP:
        _skip(scene)
        return
    if option == DONE and isinstance(question, Ask) and question.joins_within:
        _everywhere(scene, "back" if scene.session.editing else "skip")
        return
    if option in {DONE, ORDERED} and isinstance(question, _LISTING):
        understood = finished(question, scene.session.picked)
    elif option == ANEW and isinstance(question, Allocate):
        understood = Ticked(())
    else:
        understood = tapped(question, option, scene.here)
    if understood is None:
        _old_button(scene)
    else:
        _take(scene, question, understood)


def _old_button(scene: _Scene) -> None:
    scene.say("old_button")
    _repeat(scene)


def _type(scene: _Scene, message: Message) -> None:
    text = clean(message.text)
    if scene.session.asking and _answers_aside(scene, text):
        return
    meant = meaning(scene.script, text)
    if meant == "ok" and scene.session.editing:  # one earlier answer is being changed: it may stay as it is
        _everywhere(scene, "back")
    elif meant in _EVERYWHERE or (meant == MINE and is_command(text)):
        _everywhere(scene, meant)
    elif meant in _HELLO and not _is_offered(scene, text):
        _greet(scene)
    elif (counted := counted_word(scene.script, text)) and not _is_offered(scene, text):
        _jump(scene, *counted)
    elif is_command(text):
        _heed(scene, message.text)
        _misunderstood(scene, Fault("unknown_command"))
    elif scene.session.asking and not _is_option(scene, message):
        _heed(scene, message.text)
        _misunderstood(scene, Fault("review_again" if scene.session.asking == "change" else "choose_again"))
    else:
        _reply(scene, message)


def _reply(scene: _Scene, message: Message) -> None:
    """Read `message` as an answer to the state at hand; words of danger in free text are met first."""
    state = scene.state
    if isinstance(state, Review):
        _reply_to_review(scene, state, message)
    elif isinstance(state, _LISTING) and scene.session.picked and _means(scene, message, "done", "ok"):
        _take(scene, state, finished(state, scene.session.picked))
    elif isinstance(state, Ask) and state.joins_within and message.kind is _TEXT:
        _begin_to_gather(scene, state, message)
    elif isinstance(state, _QUESTIONS):
        understood = understand(scene.script, state, message, scene.here)
        if _is_free(state, understood) or isinstance(state, _WORDED):
            _heed(scene, message.text)
        if isinstance(understood, Answer):
            _say_back(scene, state, message)
        _take(scene, state, understood)


def _say_back(scene: _Scene, question: Question, message: Message) -> None:
    """Say in words which day was read, where another reader might have read another."""
    if day := days.doubtful(scene.script, question, message, scene.here):
        scene.say("date_read", {"date": day})


def _means(scene: _Scene, message: Message, *words: str) -> bool:
    return message.kind is _TEXT and meaning(scene.script, clean(message.text)) in words


def _is_free(state: State, understood: Understood) -> bool:
    """Whether a message holds words of the citizen's own; an option that was offered is none."""
    return isinstance(understood, Fault) or isinstance(state, _FREE)


def _heed(scene: _Scene, text: str) -> None:
    """Say the urgent text where free words speak of danger."""
    if text and speaks_of_danger(scene.script, text):
        scene.events.append(Urgent(scene.session.state))
        urgent = scene.script.states.get(_URGENT)
        scene.tell(urgent) if urgent else scene.say("urgent")


def _take(scene: _Scene, question: Question, understood: Understood) -> None:
    match understood:
        case Answer():
            _answer(scene, question, understood)
        case Ticked(picked=picked, anew=anew):
            scene.move(picked=picked, tries=0, asking="")
            scene.ask(update=scene.by_tap and not anew)
        case Fault():
            _misunderstood(scene, understood)


def _misunderstood(scene: _Scene, fault: Fault) -> None:
    tries = scene.session.tries + 1
    scene.move(tries=tries)
    scene.events.append(Misunderstood(scene.session.state, tries))
    scene.say(fault.phrase, fault.values)
    if tries >= PATIENCE:
        _show_ways_out(scene)
    _repeat(scene)


def _show_ways_out(scene: _Scene) -> None:
    """Name the ways out of a question that does not go: leave it, or reach a person."""
    optional = getattr(scene.state, "optional", False)
    text = scene.script.phrases.get("third_try" if optional else "third_try_must", "")
    ways = ("skip", "human") if optional else ("human", "stop")
    scene.prompts.append(words_offered(scene.script, text, ways, scene.session.tag))


def _repeat(scene: _Scene) -> None:
    """Ask again what is being asked, side questions included."""
    scene.prompts.extend(ask_again(scene.flow, scene.session))


def _ask_today(scene: _Scene) -> None:
    """Leave any side question and ask the state at hand."""
    scene.move(asking="", tries=0)
    scene.ask()


# --------------------------------------------------------------------------- several messages, one answer


def _begin_to_gather(scene: _Scene, question: Ask, message: Message) -> None:
    """Take the first words of an answer; DONE before any of them leaves the question as it is."""
    if _means(scene, message, "done"):
        _everywhere(scene, "back" if scene.session.editing else "skip")
    else:
        _gather(scene, question, joining.part_of(message))


def _gather(scene: _Scene, question: Ask, part: Part) -> None:
    """Take words as one more part of an answer: it stands at once, and the next question waits for more of them.

    What is too short so far may become longer; what would be too long together stays as it was.
    """
    before = joining.so_far(scene.session)
    together = (*before, part)
    understood = joining.joined(question, together)
    _heed(scene, joining.new_words(scene.script, before, part))
    if isinstance(understood, Answer):
        _note(scene, question, understood)
    elif understood.phrase == "ask_too_long" and before:
        scene.say("join_too_long", {"most": question.most})
        together = before
    elif understood.phrase != "ask_too_short":
        _misunderstood(scene, understood)
        return
    scene.wait(question, together)


def _amid_words(scene: _Scene, message: Message) -> None:
    """Take what comes while further words are waited for: they join; all else shows that there are no more of them.

    The next question has not been asked yet. So nothing that was sent answers it or leaves it out, and BACK asks the
    same one again.
    """
    question, word = scene.state, "" if message.amends else _word_sent(scene, message)
    if not isinstance(question, Ask):
        return
    if message.amends == question.id:
        _amend_part(scene, question, message)
    elif message.kind is _SILENCE or word in {"done", "ok"}:
        _close(scene, question)
    elif word == "skip":
        _leave(scene, question)
    elif word == "back":
        _take_back(scene, question)
    elif word in _FOR_THE_BOT:
        scene.events.append(Asked(word))
    elif word or message.amends or message.kind is not _TEXT:
        _interrupt(scene, question, message, word)
    elif clean(message.text):
        _gather(scene, question, joining.part_of(message))


def _word_sent(scene: _Scene, message: Message) -> str:
    """Return the word that a text or a button is, `?` for another command; empty for all else."""
    if message.kind is _TAP:
        return _word_tapped(scene.session, *parse_button(message.data) or ("", "", ""))
    text = clean(message.text)
    if counted := counted_word(scene.script, text):
        return "back" if counted == ("back", 1) else "?"
    word = meaning(scene.script, text) or ""
    return word if word in _HEARD_AMID else "?" if is_command(text) else ""


def _word_tapped(session: Session, tag: str, state: str, option: str) -> str:
    if tag == session.tag and state == session.state and option in _LEAVING:
        return _LEAVING[option]
    return option if (tag, state) == (session.tag, WORD) else ""


def _close(scene: _Scene, question: Ask) -> None:
    """Nothing more comes: go on with the answer, or ask again where it is still too short."""
    understood = joining.joined(question, joining.so_far(scene.session))
    scene.move(joins_until="")
    if isinstance(understood, Answer):
        _go_on(scene, question)
    else:
        _misunderstood(scene, understood)


def _leave(scene: _Scene, question: Ask) -> None:
    """SKIP after an answer means that there is no more of it; after words too few for one, that there is none."""
    if joining.is_enough(question, joining.so_far(scene.session)):
        _close(scene, question)
    else:
        scene.move(joins_until="")
        _everywhere(scene, "skip")


def _take_back(scene: _Scene, question: Ask) -> None:
    """BACK: forget what was said just now and ask the same question again."""
    session = scene.session
    scene.events.append(Spoke("back"))
    scene.move(joins_until="", tries=0)
    if not session.editing and question.id in session.answers:
        scene.events.append(Withdrawn(question.id))
        scene.move(answers={one: answer for one, answer in session.answers.items() if one != question.id})
    scene.ask()


def _interrupt(scene: _Scene, question: Ask, message: Message, word: str) -> None:
    """Go on with the answer, and hear `message` where that leads. After an end only the bot can deal with words."""
    if word == "why":
        _tell_why(scene)
    _close(scene, question)
    if not scene.session.active:
        if word in _EVERYWHERE - {"why"}:
            scene.events.append(Asked(word))
    elif word != "why":
        scene.prompts.pop()
        _hear(scene, message)
        if message.amends and not (scene.prompts and scene.prompts[-1].state):
            scene.ask()


def _amend_part(scene: _Scene, question: Ask, message: Message) -> None:
    """Put an edited message in the place of what it said before; one that was not taken is one more part."""
    before = joining.so_far(scene.session)
    together = joining.amended(before, message)
    if message.kind is not _TEXT or word_of(scene.script, clean(message.text)):
        scene.say("amend_failed")
    elif together is None:
        _gather(scene, question, joining.part_of(message))
    else:
        _amend_together(scene, question, message, before, together)


def _amend_together(
    scene: _Scene, question: Ask, message: Message, before: tuple[Part, ...], together: tuple[Part, ...]
) -> None:
    _heed(scene, message.text)
    understood = joining.joined(question, together)
    if isinstance(understood, Answer):
        _note(scene, question, understood)
    elif joining.is_enough(question, before) or understood.phrase != "ask_too_short":
        scene.say("amend_failed")
        return
    scene.say("amended")
    scene.wait(question, together)


# --------------------------------------------------------------------------- going on


def _answer(scene: _Scene, question: Question, answer: Answer) -> None:
    _note(scene, question, answer)
    _go_on(scene, question)


def _note(scene: _Scene, question: Question, answer: Answer) -> None:
    """Let `answer` stand; the place stays as it is."""
    answers = scene.session.answers
    scene.events.append(Answered(answer, question, amended=question.id in answers))
    scene.move(answers={**answers, question.id: answer})


def _go_on(scene: _Scene, question: Question) -> None:
    """Leave a question that has its answer: for the place a change came from, else for what follows."""
    session, answers = scene.session, scene.session.answers
    if session.returns is not None:
        scene.move(state=session.returns, returns=None, asking="", picked=(), tries=0)
        scene.say("changed")
        _settle(scene, asked=True)
        return
    trail = (*session.trail, question.id)
    target = onward(scene.script.states, question, passed(answers, trail), session)
    _enter(scene, target, question.id, answers, trail)


def _enter(scene: _Scene, target: str, origin: str, answers: Mapping[str, Answer], trail: tuple[str, ...]) -> None:
    """Go to `target` and on through what is only said or already answered, up to the next question or the end."""
    session = scene.session
    walk = walked(scene.script.states, session, answers, target, trail)
    for place in walk.path:
        if origin:
            scene.events.append(Moved(origin, place))
        origin = place
    if walk.trail is not trail or len(answers) != len(trail):
        answers = _kept(scene, walk, answers)
    scene.session = replace(session, state=origin, answers=answers, trail=walk.trail, picked=(), tries=0, asking="")
    for said in walk.said:
        scene.tell(said)
    _finish(scene, walk.state) if isinstance(walk.state, End) else scene.ask()


def _kept(scene: _Scene, walk: Walk, answers: Mapping[str, Answer]) -> dict[str, Answer]:
    """Return the answers in the order of the way, without those that no way leads to any more: these are withdrawn."""
    still = ahead(scene.script.states, scene.session, answers, walk)
    scene.events += [Withdrawn(one) for one in answers if one not in walk.trail and one not in still]
    order = (*walk.trail, *(one for one in answers if one in still))
    return {one: answers[one] for one in order if one in answers}


def _finish(scene: _Scene, state: End) -> None:
    status = Status(state.outcome)
    scene.tell(state)
    scene.move(status=status)
    scene.events.append(Ended(status))


def _reply_to_review(scene: _Scene, state: Review, message: Message) -> None:
    if _means(scene, message, "ok", "yes", "done"):
        _hand_in(scene, state)
    elif message.kind is not _TEXT or not _change_by_number(scene, clean(message.text)):
        _heed(scene, message.text)
        _misunderstood(scene, Fault("review_again"))


def _hand_in(scene: _Scene, state: Review) -> None:
    scene.events.append(HandedIn())
    session = scene.session
    target = onward(scene.script.states, state, session.answers, session)
    _enter(scene, target, state.id, session.answers, session.trail)


# --------------------------------------------------------------------------- everywhere words


def _everywhere(scene: _Scene, word: str) -> None:
    if word in _FOR_THE_BOT:
        scene.events.append(Asked(word))
        return
    scene.events.append(Spoke(word))
    match word:
        case "stop":
            _stop(scene)
        case "skip":
            _skip(scene)
        case "back":
            _back(scene)
        case "help":
            _help(scene)
        case "why":
            _why(scene)
        case "change":
            _change(scene)
        case _:
            _language(scene)


def _help(scene: _Scene) -> None:
    """Say what can be done here, in words and as buttons."""
    text = scene.script.phrases.get("help", "")
    scene.prompts += word_list(scene.script, text, _possible(scene), scene.session.tag)
    _repeat(scene)


def _possible(scene: _Scene) -> set[str]:
    """Return the everywhere words that lead somewhere from here."""
    session = scene.session
    leads = {
        "skip": not session.asking and getattr(scene.state, "optional", False),
        "back": bool(session.asking or session.editing or session.trail),
        "why": not session.asking and isinstance(scene.state, _QUESTIONS),
        "change": bool(listed(scene.script, session)),
        "language": len(scene.flow.scripts) > 1,
    }
    return {word for word in (*EVERYWHERE, MINE) if leads.get(word, True)}


def _stop(scene: _Scene) -> None:
    scene.move(status=Status.STOPPED)
    scene.say("stopped")
    scene.events.append(Ended(Status.STOPPED))


def _skip(scene: _Scene) -> None:
    state = scene.state
    if scene.session.asking:
        _ask_today(scene)
    elif isinstance(state, BestWorst) and state.optional:
        _take(scene, state, cards.left_out(state, scene.here))
    elif isinstance(state, _QUESTIONS) and state.optional:
        _answer(scene, state, Answer(state.id, None))
    else:
        scene.say("cannot_skip")
        scene.ask()


def _back(scene: _Scene) -> None:
    session = scene.session
    if session.asking:
        _ask_today(scene)
    elif session.returns is not None:
        scene.move(state=session.returns, returns=None, picked=(), tries=0)
        scene.ask()
    elif session.trail:
        _go_back(scene, session.trail[-1])
    else:
        scene.say("back_none")
        scene.ask()


def _jump(scene: _Scene, word: str, number: int) -> None:
    """BACK 3 asks again what was asked three questions before, CHANGE 3 what stands third in the list of answers.

    What was said in between stands as far as the way still meets it. A number too high shows the list.
    """
    trail = scene.session.trail
    if word == "back" and number == 1:
        _everywhere(scene, "back")
        return
    scene.events.append(Spoke(word))
    if word == "back" and 1 < number <= len(trail):
        _reopen(scene, trail[-number])
    elif word == "back" or not _change_by_number(scene, str(number)):
        _change(scene)


def _go_back(scene: _Scene, state: str) -> None:
    session = scene.session
    answers = {one: answer for one, answer in session.answers.items() if one != state}
    scene.events += [Moved(session.state, state), Withdrawn(state)]
    scene.move(state=state, answers=answers, trail=session.trail[:-1], picked=(), tries=0)
    scene.ask()


def _why(scene: _Scene) -> None:
    _tell_why(scene)
    scene.say("why_again")
    _repeat(scene)


def _tell_why(scene: _Scene) -> None:
    reason = scene.state.why
    if reason:
        scene.prompts.append(Prompt(told(scene.script, scene.session, reason)))
    else:
        scene.say("why_default")


def _language(scene: _Scene) -> None:
    if len(scene.flow.scripts) > 1:
        scene.move(asking="language")
    else:
        scene.say("language_none")
    _repeat(scene)


def _is_offered(scene: _Scene, text: str) -> bool:
    """Whether the question at hand has an option that reads so."""
    return fold(text) in scene.script.tables.get(scene.session.state, {})


def _greet(scene: _Scene) -> None:
    """Take START, or a hello, for what it is and no answer: it begins where that is asked, else the talk goes on."""
    state = scene.state
    if isinstance(state, Choose) and state.role == "begin" and not scene.session.asking:
        _answer(scene, state, Answer(state.id, "yes"))
        return
    scene.say("resumed")
    _repeat(scene)


def _answers_aside(scene: _Scene, text: str) -> bool:
    """Take `text` as the answer to a side question where it is one."""
    if scene.session.asking == "language":
        return _language_by_name(scene, text)
    if meaning(scene.script, text) in {"ok", "done"}:
        _ask_today(scene)
        return True
    return _change_by_number(scene, text)


def _is_option(scene: _Scene, message: Message) -> bool:
    """Whether, asked for a language, somebody answers what is beneath instead: with an option of it, no words."""
    state = scene.state
    if scene.session.asking != "language":
        return False
    return not isinstance(state, _QUESTIONS) or not _is_free(
        state, understand(scene.script, state, message, scene.here)
    )


def _language_by_name(scene: _Scene, text: str) -> bool:
    if found := chosen(_languages(scene.flow), text):
        _choose_language(scene, found)
    return bool(found)


def _languages(flow: Flow) -> dict[str, str]:
    """Return what may be typed for each language: its number, its code, its name."""
    numbered = {str(number): one for number, one in enumerate(flow.languages, 1)}
    codes = {one.casefold(): one for one in flow.languages}
    return {**{fold(language_name(flow, one)): one for one in flow.languages}, **codes, **numbered}


def _choose_language(scene: _Scene, language: str) -> None:
    scene.script = scene.flow.script(language)
    scene.events.append(LanguageChosen(language))
    scene.move(language=language, asking="", tries=0)
    scene.say("language_set")
    scene.ask()


# --------------------------------------------------------------------------- changing earlier answers


def _change(scene: _Scene) -> None:
    if isinstance(scene.state, Review):
        _ask_today(scene)
    elif listed(scene.script, scene.session):
        scene.move(asking="change")
        _repeat(scene)
    else:
        scene.say("change_none")
        _ask_today(scene)


def _change_by_number(scene: _Scene, text: str) -> bool:
    """Ask the question with this number in the list of answers again; the present place is kept to come back to."""
    states = listed(scene.script, scene.session)
    digits = fold(text)
    if not digits.isdecimal() or len(digits) > _LONGEST_NUMBER or not 1 <= int(digits) <= len(states):
        return False
    _reopen(scene, states[int(digits) - 1])
    return True


_LONGEST_NUMBER = 4


def _reopen(scene: _Scene, state: str, picked: tuple[str, ...] | None = None) -> None:
    """Ask an answered question again; its answer stands until there is another, and the present place is kept.

    What was picked is shown ticked, or what is `picked` now.
    """
    session = scene.session
    ticked = _ticked_before(scene.script.states[state], session.answers.get(state)) if picked is None else picked
    scene.move(state=state, returns=session.returns or session.state, asking="", picked=ticked, tries=0)
    scene.ask()


def _ticked_before(state: State, given: Answer | None) -> tuple[str, ...]:
    value = given.value if isinstance(state, _LISTING) and given is not None else ()
    return value if isinstance(value, tuple) else ()


def _is_current(session: Session, state: str) -> bool:
    """Whether an edited message still answers the question at hand, as one that was not understood does."""
    return state == session.state and (state not in session.answers or session.editing)


def _amend(scene: _Scene, message: Message, amended: str) -> None:
    """Take an edited message as a new answer to the question it once answered."""
    question = scene.script.states.get(amended)
    _heed(scene, message.text)
    if not isinstance(question, _QUESTIONS) or amended not in scene.session.answers:
        scene.say("amend_late")
        _repeat(scene)
        return
    understood = _understood_again(scene, question, message)
    if not isinstance(understood, Answer):
        scene.say("amend_failed")
        _repeat(scene)
    elif understood != scene.session.answers[amended]:
        _say_back(scene, question, message)
        _replace(scene, question, understood, "amended")


def _understood_again(scene: _Scene, question: Question, message: Message) -> Understood:
    word = word_of(scene.script, clean(message.text)) if message.kind is _TEXT else None
    is_part = len(scene.session.parts.get(question.id, ())) > 1
    if word == "skip" and question.optional and not is_part:
        return Answer(question.id, None)
    if word:
        return Fault("amend_failed")
    if isinstance(question, Ask) and question.joins_within:
        return _part_again(scene, question, message)
    here = _here(scene.session.moved(picked=()), scene.now)
    return understand(scene.script, question, message, here)


def _part_again(scene: _Scene, question: Ask, message: Message) -> Understood:
    """Return the answer that several messages make together now that one of them was edited."""
    parts = scene.session.parts.get(question.id, ())
    if joining.lines(parts) != scene.session.answers[question.id].value:
        parts = (joining.part_of(message),)
    together = joining.amended(parts, message)
    understood = Fault("amend_failed") if together is None else joining.joined(question, together)
    if isinstance(understood, Answer):
        scene.move(parts={**scene.session.parts, question.id: together})
    return understood


def _replace(scene: _Scene, question: Question, answer: Answer, phrase: str) -> None:
    """Put `answer` in the place of the one given, and say so with `phrase`; a message just edited is not answered."""
    scene.events.append(Answered(answer, question, amended=True))
    scene.move(answers={**scene.session.answers, question.id: answer})
    scene.say(phrase)
    _settle(scene, asked=phrase != "amended")


def _settle(scene: _Scene, *, asked: bool) -> None:
    """Find the place again after a change: the same one, or the first question that has become open.

    `asked`: the question at hand is repeated even where the place stays the same.
    """
    session = scene.session
    walk = walked(scene.script.states, session, session.answers, beginning(scene.flow, session), ())
    if walk.state.id != (session.returns or session.state):
        scene.events.append(Moved(session.state, walk.state.id))
        scene.move(returns=None, trail=walk.trail)
        _enter(scene, walk.said[0].id if walk.said else walk.state.id, "", session.answers, walk.trail)
        return
    scene.move(answers=_kept(scene, walk, session.answers), trail=walk.trail)
    if asked:
        scene.ask()
