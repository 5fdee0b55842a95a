"""A flow compiled from its files: states of the flow and of its frame, questions of the bank, every language.

Faults are gathered, never raised, until a flow that cannot be played is asked for: then `FlowTrouble` carries them all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, floor
from types import MappingProxyType
from typing import TYPE_CHECKING

from flows import columns, dates, form, model
from flows.asked import COMPARING, LEADING_NOWHERE, OFFERING, Asked, day_limit, limits, overridden, question
from flows.checks import check, is_question
from flows.comparing import comparisons, conditions, fault, hollow, placed
from flows.composing import Composer, named_in
from flows.issues import STRICTEST, Issue, suggestion
from flows.longest import longest
from flows.phrasebook import AT_BINDING, AT_PLAY
from flows.places import QUESTIONS, THANKS, URGENT, Place, Scope, hands_back, places_of
from flows.shelf import (
    Shelf,
    options_of,
    own_words,
    scale_steps,
    strangers,
    translated_at,
    unknown_scale,
)
from flows.speak import UNLISTED
from flows.timing import minutes, screens
from flows.voices import PART

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flows.issues import Limits, Where
    from flows.positions import Path
    from flows.reading import Document
    from flows.shelf import Sheet


class FlowTrouble(Exception):
    """A flow cannot be played; `issues` tell all that is wrong with its files."""

    def __init__(self, issues: Iterable[Issue]) -> None:
        self.issues = tuple(issues)
        super().__init__("; ".join(str(issue) for issue in self.issues))


def compile_files(files: Mapping[str, str]) -> model.Flow:
    """Return the one flow that `files` (name to text) hold, with all that it uses: what a round stored of it.

    Flows that another one hands over to are parts of that one.

    Raises FlowTrouble where they hold no flow that can be played.
    """
    shelf = Shelf.of(files)
    inner = shelf.handed_over()
    whole = [sheet for (name, _), sheet in shelf.flows.items() if name not in inner]
    if len(whole) != 1:
        issue = Issue("", 1, f"one flow was expected, {len(whole)} were found.", "unknown-file")
        raise FlowTrouble([*shelf.issues, issue])
    compiled = compile_sheet(shelf, whole[0])
    if compiled.flow is None:
        raise FlowTrouble([*shelf.issues, *compiled.issues])
    return compiled.flow


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a flow's files make: the flow, if it can be played, all that is wrong, and the files it is made of."""

    flow: model.Flow | None
    issues: tuple[Issue, ...]
    files: tuple[str, ...]
    where: Where
    """Finds the file and line of a state of the flow or of something in it."""
    elsewhere: frozenset[str] = frozenset()
    """Files of flows it hands over to: what is wrong with them is told of those flows alone."""


def compile_sheet(shelf: Shelf, sheet: Sheet, channels: Mapping[str, Limits] = STRICTEST) -> Compiled:
    """Compile the flow of `sheet`; `shelf` has the frame, the bank and the phrases."""
    compiler = _Compiler(shelf, sheet)
    flow = compiler.flow()
    compiler.check_promise(flow)
    found = {*compiler.issues, *check(flow, compiler.where, channels, whole=compiler.is_readable, gaps=compiler.unsure)}
    playable = compiler.is_whole and not {one.code for one in found} & _FATAL
    elsewhere = compiler.told_elsewhere
    told = tuple(sorted(one for one in found if one.file not in elsewhere))
    return Compiled(flow if playable else None, told, tuple(compiler.files()), compiler.where, elsewhere)


_FATAL = frozenset({"no-end", "loop-without-question", "unknown-state", "unknown-frame", "unknown-flow", "no-default"})

_LONGEST_ID = 45
"""Most letters of a state's id with those before it that handed over to its flow: what a button can carry."""


class _Compiler:
    """Makes one flow; `issues` tell what is wrong with its files, `gaps` name the states that could not be made."""

    def __init__(self, shelf: Shelf, sheet: Sheet) -> None:
        assert isinstance(sheet.document.form, form.FlowForm)  # noqa: S101 - the shelf keeps flows apart
        self.shelf = shelf
        self.sheet = sheet
        self.made: form.FlowForm = sheet.document.form
        self.issues: list[Issue] = []
        self.gaps: set[str] = set()
        self.banks: set[str] = set()
        self.others: dict[str, Sheet] = {}
        self.scopes: dict[Scope, Sheet] = {}
        self.offered: dict[str, tuple[str, ...]] = {}
        self.frame = self._find_frame()
        self.places = self._find_places()

    def flow(self) -> model.Flow:
        """Return the flow; where states could not be made, sayings stand in for them."""
        self._check_translations()
        self._check_ids()
        self._check_stage()
        states = {name: self._state(name, place) for name, place in self.places.items()}
        for document, prefix, name in self._broken():
            states.setdefault(prefix + name, self._stand_in(name, prefix, document))
        self._compare(states)
        self._check_columns(states)
        self._check_start(states)
        return self._composed(states)

    @property
    def is_readable(self) -> bool:
        """Whether flow and frame could be read to their ends, so that the ways can be judged."""
        return not any(one.torn for one in self._documents)

    @property
    def unsure(self) -> frozenset[str]:
        """States whose ways are not all known: they could not be made, or stand twice."""
        return frozenset(self.gaps).union(*(one.twice for one in self._documents))

    @property
    def is_whole(self) -> bool:
        """Whether flow and frame could be read without a fault of form and every state could be made."""
        return not self.gaps and not any(one.faults for one in self._documents)

    @property
    def _documents(self) -> list[Document]:
        """The files that hold its states, without translations."""
        return [sheet.document for sheet in (self.sheet, self.frame, *self.others.values()) if sheet]

    @property
    def told_elsewhere(self) -> frozenset[str]:
        """Files of flows it hands over to: what is wrong with them is told when they are compiled by themselves."""
        return frozenset(file for sheet in self.others.values() for file in sheet.files) - {*self.sheet.files}

    def files(self) -> Iterator[str]:
        """Yield the names of all files this flow is made of."""
        banks = [self.shelf.banks[name] for name in sorted(self.banks)]
        for sheet in (self.sheet, self.frame, *self.others.values(), self.shelf.scales, *banks):
            if sheet:
                yield from sheet.files
        for document in self.shelf.phrases.values():
            yield document.file

    def where(self, state: str, *keys: str | int, language: str = "") -> tuple[str, int]:
        """Return the file and line of a state or of something in it; with a language, of its words in that one."""
        place = self.places.get(state)
        if place is None:
            return self.sheet.document.at("states", state, *keys)
        return self._translated_at(place, keys, language) or place.at(*keys)

    def _translated_at(self, place: Place, keys: Path, language: str) -> tuple[str, int] | None:
        """Return where words of a state were translated: beside its file, its item's or its scale's."""
        match keys:
            case ("options", int(number), *_):
                keys = ("options", self.offered[place.id][number])
        item = self.shelf.bank.find(getattr(place.made, "item", ""))
        scale = item.scale if item else getattr(place.made, "scale", None)
        banks = (sheet for sheet in self.shelf.banks.values() if item and sheet.document.file == item.file)
        found = (
            translated_at(place.sheet, ("states", place.name), keys, language),
            *(translated_at(sheet, ("items", item.id if item else ""), keys, language) for sheet in banks),
            translated_at(self.shelf.scales, ("scales", scale or ""), keys, language),
        )
        return next(filter(None, found), None)

    def report(self, at: tuple[str, int], message: str, code: str) -> None:
        """Note a fault."""
        self.issues.append(Issue(*at, message, code))

    # ----------------------------------------------------------------------- which states there are

    def _find_frame(self) -> Sheet | None:
        name = self.made.frame
        if name is not None and name not in self.shelf.frames:
            message = f'no frame "{name}".{suggestion(name, self.shelf.frames)}'
            self.report(self.sheet.document.at("frame"), message, "unknown-frame")
        return self.shelf.frames.get(name) if name else None

    def _find_places(self) -> dict[str, Place]:
        chain = (self.made.flow,)
        places = dict(self._unfolded(places_of(self.sheet, THANKS if self.frame else None), chain))
        for name, place in self._unfolded(places_of(self.frame, None), chain):
            if name in places:
                message = f'state "{name}" stands in the frame "{self.made.frame}" as well. Give it another name.'
                self.report(self.sheet.document.at("states", name), message, "frame-clash")
            else:
                places[name] = place
        if QUESTIONS in places:
            message = f'"{QUESTIONS}" is how frames call your first question. Give this state another name.'
            self.report(places[QUESTIONS].sheet.document.at("states", QUESTIONS), message, "frame-clash")
        return places

    def _unfolded(
        self, places: Iterable[Place], chain: tuple[str, ...], outer: tuple[str, int] | None = None
    ) -> Iterator[tuple[str, Place]]:
        """Yield each place by its id, followed by those of the flow it hands over to.

        `chain` are the flows around it, `outer` is where the outermost of them hands over.
        """
        for place in places:
            yield place.id, place
            if isinstance(place.made, form.HandOverForm):
                at = outer or place.at("flow")
                other = self._other(place, place.made.other, chain, at)
                if other is None:
                    self.gaps.add(place.id)
                    continue
                scope = Scope(f"{place.id}.", place.id)
                self.scopes[scope] = other
                self.others.setdefault(f"{place.made.other.id}@{place.made.other.version}", other)
                inner = (one for one in places_of(other, THANKS, scope) if not hands_back(one.made))
                yield from self._unfolded(inner, (*chain, place.made.other.id), at)

    def _other(
        self, place: Place, wanted: form.OtherFlow, chain: tuple[str, ...], outer: tuple[str, int]
    ) -> Sheet | None:
        """Return the flow a state hands over to; tell where there is none, or where it would never end."""
        other = self.shelf.flow(wanted.id, wanted.version)
        if wanted.id in chain:
            way = " → ".join((*chain, wanted.id))
            self.report(outer, f"flows hand over in a circle: {way}. Take one out.", "unknown-flow")
            return None
        if other is None:
            known = {name for name, _ in self.shelf.flows} - {*chain}
            what = wanted.id if wanted.version is None else f"{wanted.id}, version {wanted.version}"
            message = f'there is no flow "{what}" to hand over to.{suggestion(wanted.id, known)}'
            self.report(place.at("flow"), message, "unknown-flow")
        return other

    def _broken(self) -> Iterator[tuple[Document, str, str]]:
        """Yield (file, what stands before the id, name) of each state that could not be read."""
        for scope, sheet in ((Scope(), self.sheet), (Scope(), self.frame), *self.scopes.items()):
            if sheet:
                document = sheet.document
                yield from ((document, scope.prefix, name) for name in document.broken)

    @cached_property
    def known(self) -> frozenset[str]:
        """Names of all states, those that could not be read included."""
        return frozenset({*self.places, *(prefix + name for _, prefix, name in self._broken())})

    def _known_from(self, place: Place) -> frozenset[str]:
        """Names of the states that one state can lead to: those of its own flow, as they stand there."""
        prefix = place.scope.prefix
        names = (name.removeprefix(prefix) for name in self.known if name.startswith(prefix))
        return frozenset((*(name for name in names if "." not in name), *(place.states if prefix else ())))

    def _stand_in(self, name: str, prefix: str, document: Document) -> model.State:
        """Return a saying for a state that could not be read: its ways are kept, so that others are not blamed."""
        self.gaps.add(prefix + name)
        in_frame = self.frame is not None and document is self.frame.document
        first = {self.made.start} if in_frame and QUESTIONS in document.broken[name] else set()
        mentioned = {prefix + one for one in document.broken[name] if one != QUESTIONS or not in_frame} | first
        ways = mentioned or {*self.places, *(prefix + one for one in document.broken)}
        return model.Say(id=prefix + name, text="-", next=tuple(model.Transition(one) for one in sorted(ways)))

    def _check_ids(self) -> None:
        """Tell where the names of states that hand over to each other become too long for a button."""
        for place in self.places.values():
            if place.scope.prefix and len(place.id) > _LONGEST_ID:
                outer = self.places[place.id.partition(".")[0]]
                message = f'"{place.id}" has more than {_LONGEST_ID} letters. Shorten one of these names.'
                self.report(outer.at("flow"), message, "button-too-long")

    def _check_stage(self) -> None:
        """A flow without a stage is one that others hand over to, or that a round lays before another."""
        written = ("stage",) in self.sheet.document.lines
        if self.made.stage is None and not written and self.made.flow not in {*self.shelf.handed_over(), PART}:
            message = '"stage" is missing. Add it, or let another flow hand over to this one.'
            self.report((self.sheet.document.file, 1), message, "missing-key")

    def _check_start(self, states: Mapping[str, model.State]) -> None:
        for sheet in (self.sheet, self.frame):
            start = getattr(sheet.document.form, "start", None) if sheet else None
            if sheet and start is not None and start not in states and sheet.document.is_written("start"):
                message = f'start = "{start}": no such state.{suggestion(start, states)}'
                self.report(sheet.document.at("start"), message, "unknown-state")

    def check_promise(self, flow: model.Flow) -> None:
        """Tell where the flow takes longer than its author promises."""
        promise = self.made.promise_minutes
        if promise is not None and flow.minutes > promise:
            message = f"it takes about {flow.minutes:.0f} min, and {promise:g} are promised. Ask less or promise more."
            at = self.sheet.document.at("promise_minutes")
            self.issues.append(Issue(*at, message, "promise", "warning"))

    def _check_translations(self) -> None:
        for sheet in (self.sheet, self.frame):
            if sheet:
                self.issues += strangers(sheet, "states")

    # ----------------------------------------------------------------------- one state

    def _state(self, name: str, place: Place) -> model.State:
        made = place.made
        next_ = self._ways(name, place)
        why = getattr(made, "why", "")
        match made:
            case form.HandOverForm():
                return model.Say(id=name, next=next_)
            case form.SayForm(say=text):
                return model.Say(id=name, text=text, why=why, next=() if name == URGENT else next_)
            case form.EndForm(end=text, outcome=outcome, again_after_days=days):
                self._check_again(name, made)
                return model.End(id=name, text=text, why=why, outcome=outcome, again_after_days=days)
            case form.ReviewForm(review=text):
                self._check_review(name, place)
                return model.Review(id=name, text=text, why=why, next=next_)
            case _:
                return self._question(name, place, next_)

    def _check_again(self, name: str, made: form.EndForm) -> None:
        """What was said before such an end has to count by itself: there is no review to hand it in."""
        frame = self.frame.document.form if self.frame else None
        if made.again_after_days is None or (made.outcome == "completed" and getattr(frame, "running", False)):
            return
        message = '"again_after_days" stands at an end where each answer counts at once. Write frame = "pulse".'
        self.report(self.where(name, "again_after_days"), message, "bad-value")

    def _check_review(self, name: str, place: Place) -> None:
        if place.sheet is self.sheet:
            self.report(self.where(name, "review"), "review stands in frames only. Take this state out.", "verb")

    def _question(self, name: str, place: Place, next_: tuple[model.Transition, ...]) -> model.State:
        asked, item = self._asked(name, place)
        if asked is None:
            self.gaps.add(name)
            return model.Say(id=name, text="-", next=next_)
        self.offered[name] = tuple(one.id for one in asked.options)
        self._check_options(name, asked)
        self._check_limits(name, asked)
        self._check_joins(name, asked)
        role = getattr(place.made, "role", None)
        optional = getattr(place.made, "optional", None)
        options = self._resolved(name, place, asked.options)
        if asked.verb in LEADING_NOWHERE:
            options = tuple(replace(one, next=None) for one in options)
        asked = replace(asked, options=options)
        made = question(
            name, asked, next_, optional=role is None if optional is None else optional, item=item, role=role
        )
        return replace(made, changed_by_tap=self._is_changed_by_tap(place.made, role))

    def _is_changed_by_tap(self, made: form.Form, role: str | None) -> bool:
        """What opens doors (age, begin) changes by an old button only where the question itself says so."""
        taps = getattr(made, "taps", None) or ("repeat" if role in UNLISTED else self.made.taps)
        return bool(taps == "edit")

    def _asked(self, name: str, place: Place) -> tuple[Asked | None, str | None]:
        made = place.made
        if isinstance(made, form.ItemForm):
            return self._from_bank(name, place, made)
        return self._from_form(name, place, form.verb_of(made) or ""), None

    def _from_form(self, name: str, place: Place, verb: str) -> Asked:
        made = place.made
        scale: str = getattr(made, "scale", None) or ""
        options = options_of(getattr(made, "options", ()))
        if scale:
            steps = scale_steps(self.shelf, scale, dont_know=getattr(made, "dont_know", False))
            options = steps + options
            if not steps:
                at = place.at("scale")
                self.issues.append(unknown_scale(at, scale, self.shelf))
        words = own_words(made)
        return Asked(verb=verb, text=words.text or "", why=words.why, options=options, scale=scale, **limits(made))

    def _from_bank(self, name: str, place: Place, made: form.ItemForm) -> tuple[Asked | None, str | None]:
        item = self.shelf.bank.find(made.item)
        at = place.at("item")
        if item is None:
            message = f'the bank has no item "{made.item}".{suggestion(made.item, self.shelf.bank.names())}'
            self.report(at, message, "unknown-item")
            return None, None
        self.banks |= {bank for bank, sheet in self.shelf.banks.items() if sheet.document.file == item.file}
        return overridden(item, made), item.id

    def _check_options(self, name: str, asked: Asked) -> None:
        if asked.verb not in OFFERING:
            return
        seen: set[str] = set()
        for number, option in enumerate(asked.options):
            if option.id in seen:
                at = self.where(name, "options", number)
                self.report(at, f'option "{option.id}" stands twice in "{name}". Rename one.', "duplicate-option")
            seen.add(option.id)
            if option.next and asked.verb in LEADING_NOWHERE:
                at = self.where(name, "options", number, "next")
                self.report(at, f'no answer to "{name}" is one option. Write the "next" of the state.', "bad-way")
        if not asked.options and not asked.options_from and not asked.scale:
            self.report(self.where(name), f'"{name}" offers nothing. Write options = [ … ].', "no-options")

    def _check_limits(self, name: str, asked: Asked) -> None:
        least, most = asked.least, asked.most
        if isinstance(least, str) or isinstance(most, str):
            self._check_days(name, asked, day_limit(least) or "", day_limit(most) or "")
        elif least is not None and most is not None and least > most:
            self.report(self.where(name, "least"), f"least = {least} is more than most = {most}.", "bad-limits")
        elif asked.whole and least is not None and most is not None and floor(most) < ceil(least):
            message = f"no whole number lies between least = {least} and most = {most}. Widen one of them."
            self.report(self.where(name, "least"), message, "bad-limits")
        elif asked.options_from or not asked.options:
            return
        elif asked.verb in {"pick", "rank"} and least and least > len(asked.options):
            message = f'"{name}" wants {least} picks and offers {len(asked.options)}.'
            self.report(self.where(name, "least"), message, "bad-limits")
        elif asked.verb in COMPARING and len(asked.options) < 2:
            message = f'"{name}" compares options and offers one. Add another.'
            self.report(self.where(name, "options"), message, "no-options")

    def _check_joins(self, name: str, asked: Asked) -> None:
        if asked.joins_within_seconds and asked.verb != "ask":
            message = f'"joins_within_seconds" joins words, and "{name}" asks for none. Take it out.'
            self.report(self.where(name, "joins_within_seconds"), message, "unknown-key")
        if asked.side and asked.verb != "ask":
            message = f'"side" tells what words are about, and "{name}" asks for none. Take it out.'
            self.report(self.where(name, "side"), message, "unknown-key")

    def _check_days(self, name: str, asked: Asked, least: str, most: str) -> None:
        if asked.verb != "date":
            key = "least" if least else "most"
            self.report(self.where(name, key), f'"{key}" must be a number here, without quotes.', "bad-value")
        elif least and most and dates.TODAY not in {least, most} and least > most:
            message = f'least = "{least}" is later than most = "{most}".'
            self.report(self.where(name, "least"), message, "bad-limits")

    # ----------------------------------------------------------------------- ways on

    def _ways(self, name: str, place: Place) -> tuple[model.Transition, ...]:
        next_ = getattr(place.made, "next", None)
        if isinstance(place.made, form.EndForm) or (next_ is None and name == URGENT):
            return ()
        if next_ is None:
            following = place.following
            return (model.Transition(self._target(following, place, "next")),) if following else ()
        if isinstance(next_, str):
            return (model.Transition(self._target(next_, place, "next")),)
        return self._table(name, place, next_)

    def _table(self, name: str, place: Place, ways: list[form.WayForm]) -> tuple[model.Transition, ...]:
        found = []
        for number, way in enumerate(ways):
            to = self._target(way.to, place, "next", number, "to")
            found.append(model.Transition(to, conditions(way.when, place.scope.prefix)))
        self._check_default(place, ways)
        return tuple(found)

    def _check_default(self, place: Place, ways: list[form.WayForm]) -> None:
        defaults = [number for number, way in enumerate(ways) if way.when.is_empty]
        at = place.at("next")
        if place.sheet.document.is_faulty("states", place.name, "next"):
            return
        if not defaults:
            message = 'none of these ways may hold. Add { to = "…" } as the last.'
            self.report(at, message, "no-default")
        elif defaults[0] < len(ways) - 1:
            at = place.at("next", defaults[0] + 1)
            self.report(at, "no answer comes this far: the way before it always holds. Put that one last.", "dead-way")

    def _target(self, to: str, place: Place, *path: str | int) -> str:
        """Return the id of the state that `to` means at `place`."""
        if to == QUESTIONS and place.sheet is self.frame:
            return self._entry(self.made.start)
        full = place.scope.prefix + to
        if place.scope.prefix and (hands_back(place.states.get(to)) or (to == THANKS and full not in self.known)):
            return place.scope.back
        if full not in self.known:
            message = f'{path[-1]} = "{to}": no such state.{suggestion(to, self._known_from(place))}'
            self.report(place.at(*path), message, "unknown-state")
        return self._entry(full)

    def _entry(self, to: str) -> str:
        """Return where one comes to on the way to `to`: to the first state of the flow that it hands over to."""
        inner = self.scopes.get(Scope(f"{to}.", to))
        if inner is None:
            return to
        start = str(getattr(inner.document.form, "start", ""))
        first = f"{to}.{start}"
        return self._entry(first) if first in self.known else to

    def _resolved(self, name: str, place: Place, options: tuple[model.Option, ...]) -> tuple[model.Option, ...]:
        return tuple(
            replace(one, next=self._target(one.next, place, "options", number, "next")) if one.next else one
            for number, one in enumerate(options)
        )

    def _compare(self, states: Mapping[str, model.State]) -> None:
        for name, place in self.places.items():
            ways = None if place.scope.prefix else getattr(place.made, "next", None)
            for number, way in enumerate(ways if isinstance(ways, list) else ()):
                path: Path = (name, "next", number, "when")
                self._check_hollow(place, way, path)
                for at, wanted in placed(way.when, path):
                    self._check_comparisons(place, at, states, wanted)

    def _check_hollow(self, place: Place, way: form.WayForm, path: Path) -> None:
        document = place.sheet.document
        for inner in hollow(way.when, path):
            at = document.at("states", *inner)
            if at[1] not in document.faults:
                how = next(key for key in reversed(inner) if isinstance(key, str))
                self.report(at, f'"{how}" has nothing in it. Write what it puts together.', "bad-comparison")

    def _is_gap(self, subject: str) -> bool:
        """Whether a state, or one that hands over to its flow, could not be made."""
        return any(subject == gap or subject.startswith(f"{gap}.") for gap in self.gaps)

    def _check_comparisons(
        self, place: Place, path: Path, states: Mapping[str, model.State], wanted: form.Wanted
    ) -> None:
        document, subject = place.sheet.document, str(path[-1])
        at = document.at("states", *path)
        found = comparisons(subject, wanted)
        if not found and at[1] not in document.faults:
            self.report(at, f'"{subject}" is compared with nothing. Write a value.', "bad-comparison")
        for one in found if not self._is_gap(subject) else ():
            trouble = fault(one, states, (self.made.language, *sorted(self.sheet.translations)))
            if trouble:
                self.report(at, trouble, "bad-comparison")

    # ----------------------------------------------------------------------- columns

    def _columns(self) -> Iterator[tuple[str, tuple[model.Line, ...]]]:
        """Yield the columns of the flow, and of those it hands over to."""
        for scope, sheet in ((Scope(), self.sheet), *self.scopes.items()):
            made: Mapping[str, list[form.LineForm]] = getattr(sheet.document.form, "columns", {})
            yield from ((scope.prefix + name, columns.lines(one, scope.prefix)) for name, one in made.items())

    def _check_columns(self, states: Mapping[str, model.State]) -> None:
        for name, made in self.made.columns.items():
            if name in self.known:
                message = f'"{name}" is a state already. Give this column another name.'
                self.report(self.sheet.document.at("columns", name), message, "bad-value")
            for path, message, code in columns.faults(made, states) if not self.gaps else ():
                self.report(self.sheet.document.at("columns", name, *path), message, code)

    # ----------------------------------------------------------------------- all languages together

    def _composed(self, states: dict[str, model.State]) -> model.Flow:
        made = self.made
        languages = (made.language, *sorted(self.sheet.translations))
        composer = Composer(self.shelf, self.sheet, self.places, self.gaps, self.report)
        scripts = {one: composer.script(one, states) for one in languages}
        start = self._entry(getattr(self.frame.document.form, "start", made.start) if self.frame else made.start)
        base = scripts[made.language].states
        questions = longest(base, start, self._weight)
        named = {name for script in scripts.values() for name in named_in(script)}
        return model.Flow(
            id=made.flow,
            version=made.version,
            stage=made.stage,
            language=made.language,
            start=start,
            entry=self._entry(made.start),
            scripts=MappingProxyType(scripts),
            expires_after_days=made.expires_after_days,
            title=MappingProxyType({one: composer.title(one) for one in languages}),
            frame=made.frame,
            running=bool(getattr(self.frame.document.form, "running", False)) if self.frame else False,
            placeholders=frozenset(named - AT_PLAY - AT_BINDING),
            lists=frozenset(filter(None, (getattr(one, "options_from", None) for one in base.values()))),
            minutes=round(longest(base, start, minutes).weight, 2),
            questions=int(questions.weight),
            questions_exact=questions.is_exact,
            asked=int(longest(base, start, screens).weight),
            columns=MappingProxyType(dict(self._columns())),
        )

    def _weight(self, state: model.State) -> float:
        """A frame's own yes and no choices do not count as questions; items of the bank do."""
        place = self.places.get(state.id)
        is_own = place is not None and place.sheet is not self.frame
        return 1 if is_question(state) and (is_own or getattr(state, "item", None)) else 0
