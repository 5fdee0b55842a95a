"""Whoever keeps all that was ever told, and solves it, finds no small group."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise, permutations, product
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.digests import disclosure
from bot.digests.crossed import Part, lines
from bot.digests.model import Form, dump, load
from bot.digests.render.book import sheets_of
from bot.digests.render.words import words
from bot.digests.results import result
from bot.digests.summarise import Heard, summarise
from bot.digests.weeks import Week
from flows import points
from flows.model import Choose, Option
from storage.findings import Crossed
from tests.bot.digests.intruder import MANY, Intruder
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.bot.digests.polled import poll

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.digests.disclosure import Share
    from bot.digests.model import Digest
    from bot.digests.results import Result
    from tests.bot.digests.intruder import Group

FIRST = Week(2026, 40)
MINIMUM = 5
SIDES = {"5": "good", "4": "good", "3": "middle", "2": "bad", "1": "bad", "na": "unknown"}
CHANNELS = ("telegram", "web", "sms")
Cell = tuple[str, str, str]
CROWD = st.tuples(st.sampled_from([0, 1, 2, 4, 6, 12, 30]), st.randoms(use_true_random=False))


@st.composite
def weeks(draw: st.DrawFn) -> list[list[One]]:
    """Some weeks of people: a crowd on the usual channels, and a few of any kind."""
    found = []
    for number in range(draw(st.integers(2, 5))):
        day = FIRST.back(-number).monday
        size, chance = draw(CROWD)
        usual = [One(day, chance.choice("5543"), channel=chance.choice(CHANNELS[:2])) for _ in range(size)]
        few = draw(st.lists(st.tuples(st.sampled_from([*SIDES]), st.sampled_from(CHANNELS)), max_size=12))
        found.append([*usual, *(One(day + timedelta(days=1), choice, channel=channel) for choice, channel in few)])
    return found


def issued(crowds: list[list[One]]) -> list[Digest]:
    """Return a digest of each week, each knowing the one before it."""
    made: list[Digest] = []
    people: list[One] = []
    for number, crowd in enumerate(crowds):
        people = [*people, *crowd]
        week = FIRST.back(-number)
        earlier = next((one for one in reversed(made) if one.form == "full"), None)
        found = summarise(counted(people, week), scope(week, earlier=earlier, minimum=MINIMUM), monday_after(week))
        made += [found] if found else []
    return made


def reads(who: Intruder, made: Digest, before: Digest | None) -> None:
    """Take down every number of people in a digest."""
    week = made.period
    who.learns([(week, side) for side in ("good", "middle", "bad", "unknown", "silent")], made.who.new)
    who.learns([(week, channel) for channel in CHANNELS], made.who.new)
    until = [str(one) for one in every() if str(one) <= week]
    who.learns([(one, channel) for one in until for channel in CHANNELS], made.who.total)
    for channel in made.who.channels:
        if channel.new is not None:
            who.learns([(week, channel.name)], channel.new)
        past = [(one, channel.name) for one in until[:-1]]
        known = (channel.total.count or 0) - (channel.new or 0)
        if before is None and past and known:
            who.learns(past, known)
    for score in made.scores:
        told(who, [(week, "good")], [(week, "middle"), (week, "bad")], score.positive)
        told(who, [(week, "bad")], [(week, "good"), (week, "middle")], score.negative)
        least, most = (0, MINIMUM - 1) if score.unknown is None else (score.unknown, score.unknown)
        who.learns([(week, "unknown")], least, most)


def told(who: Intruder, inside: list[tuple[str, str]], outside: list[tuple[str, str]], share: Share) -> None:
    if share.base is not None:
        who.learns([*inside, *outside], share.base)
    if share.says:
        who.learns(inside, *disclosure.possible(share, MINIMUM))


def every() -> list[Week]:
    return [FIRST.back(-number) for number in range(6)]


@settings(deadline=None, max_examples=25)
@given(weeks())
def test_all_digests_of_a_service_together_give_away_no_small_group(crowds: list[list[One]]) -> None:
    who, before = Intruder(), None
    for made in issued(crowds):
        reads(who, made, before)
        before = made if made.form is Form.FULL else before
    for group in who.groups:
        if group[1] != "silent":
            assert who.finds([group], MINIMUM) is None, group


@settings(deadline=None, max_examples=10)
@given(weeks())
def test_the_spreadsheet_of_a_digest_tells_nothing_but_what_the_digest_tells(crowds: list[list[One]]) -> None:
    """It is made of what was kept, and in there is nothing hidden."""
    for made in issued(crowds):
        kept = load(dump(made))
        assert kept is not None
        assert sheets_of(kept, words("en")) == sheets_of(made, words("en"))


# --------------------------------------------------------------------------- what people wrote about

SCORED = ("good", "middle", "bad")
WROTE = ("staff", "other", "nothing")
THEMES = st.fixed_dictionaries(
    {(side, about): st.one_of(st.integers(0, 8), st.integers(0, 30)) for side in SCORED for about in WROTE}
)


@settings(deadline=None, max_examples=25)
@given(st.lists(THEMES, min_size=1, max_size=3))
@example([{(side, about): {"good/nothing": 6, "middle/staff": 12, "bad/other": 2}.get(f"{side}/{about}", 0)
           for side in SCORED for about in WROTE}])  # fmt: skip
def test_themes_beside_the_scores_of_their_weeks_give_away_no_small_group(crowds: list[dict[Group, int]]) -> None:
    """Who scored how, and wrote of the staff, of something else or nothing: told as people, shares and weeks before."""
    who, made = Intruder(), None
    for number, crowd in enumerate(crowds):
        for side, about in crowd:
            who.learns([(str(FIRST.back(-number)), f"{side}/{about}")], 0, MANY)
        made = written_about(crowds[: number + 1], made) or made
        if made and made.form is Form.FULL and made.period == str(FIRST.back(-number)):
            reads_themes(who, made)
    for number, _ in enumerate(crowds):
        week = str(FIRST.back(-number))
        groups = [[(week, f"{side}/{about}") for side in sides for about in subjects]
                  for sides in (("good",), ("middle", "bad"), SCORED)
                  for subjects in (*((one,) for one in WROTE), WROTE[1:], WROTE[:2])]  # fmt: skip
        for group in groups:
            assert who.finds(group, MINIMUM) is None, group


def written_about(crowds: list[dict[Group, int]], earlier: Digest | None) -> Digest | None:
    """Return the digest of the last of some weeks."""
    week = FIRST.back(1 - len(crowds))
    people = [One(FIRST.back(-number).monday, {"good": "5", "middle": "3", "bad": "1"}[side], "Text")
              for number, crowd in enumerate(crowds) for (side, _), n in crowd.items() for _ in range(n)]  # fmt: skip
    past = [*[{}] * (5 - len(crowds)), *crowds]
    known = replace(counted(people, week), heard=(staff(past, good=False), staff(past, good=True)))
    return summarise(known, scope(week, earlier=earlier, minimum=MINIMUM), monday_after(week))


def staff(weeks: list[dict[Group, int]], *, good: bool) -> Heard:
    sides = [side for side in SCORED if (side == "good") == good]
    raised = [sum(crowd.get((side, "staff"), 0) for side in sides) for crowd in weeks]
    wrote = [sum(n for (_, about), n in crowd.items() if about != "nothing") for crowd in weeks]
    past = tuple(zip(raised[:-1], wrote[:-1], strict=True))
    return Heard("staff", {"en": "Staff"}, good, raised[-1], raised[-2], wrote=wrote[-1], past=past)


def reads_themes(who: Intruder, made: Digest) -> None:
    """Take down the scores of a digest, and all that it tells of its theme: of the week before, too."""

    def inside(week: str, sides: tuple[str, ...], subjects: tuple[str, ...]) -> list[Group]:
        return [(week, f"{side}/{about}") for side in sides for about in subjects]

    who.learns(inside(made.period, SCORED, WROTE), made.who.new)
    for score in made.scores:
        told(who, inside(made.period, ("good",), WROTE), inside(made.period, ("middle", "bad"), WROTE), score.positive)
        told(who, inside(made.period, ("bad",), WROTE), inside(made.period, ("good", "middle"), WROTE), score.negative)
    for theme, sides in ((next(iter(made.problems), None), ("middle", "bad")), (made.works, ("good",))):
        if theme is None:
            who.learns(inside(made.period, sides, ("staff",)), 0, MINIMUM - 1)
            continue
        raised = inside(made.period, sides, ("staff",))
        who.learns(raised, theme.people, MANY if theme.at_least else None)
        before = str(FIRST.back(-int(made.period[-2:]) + FIRST.number + 1))
        if theme.before is not None and theme.compared:
            who.learns(inside(before, sides, ("staff",)), theme.before)
        for point in theme.weeks:
            if point.share.base is not None:
                who.learns(inside(point.week, SCORED, ("staff", "other")), point.share.base)
            if point.share.says:
                who.learns(inside(point.week, sides, ("staff",)), *disclosure.possible(point.share, MINIMUM))


def test_the_intruder_would_find_a_small_group() -> None:
    who = Intruder()
    who.learns([("w", "a"), ("w", "b")], 10)
    who.learns([("w", "a")], 8)
    assert who.finds([("w", "b")], MINIMUM) == 2
    assert who.finds([("w", "a")], MINIMUM) is None


# --------------------------------------------------------------------------- what everybody may read

PUBLIC = 10
ANSWERS, LANGUAGES = ("a", "b", "c", "d"), ("en", "es", "ar")
ASKED = Choose(id="first", text="Which?", options=tuple(Option(name, name.upper()) for name in ANSWERS))
CELL = [*product(ANSWERS, CHANNELS, LANGUAGES)]
CELLS = st.tuples(st.sampled_from(ANSWERS), st.sampled_from(CHANNELS), st.sampled_from(LANGUAGES))


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(CELLS, st.one_of(st.integers(0, 12), st.integers(0, 60))))
def test_figures_and_publication_of_a_round_together_give_away_no_small_group(people: dict[Cell, int]) -> None:
    """The page tells how many gave each answer, and by each channel; the file tells both at once, and languages."""
    who = Intruder()
    for cell in CELL:
        who.learns([("r", "/".join(cell))], 0, MANY)
    for place, names in enumerate((ANSWERS, CHANNELS, LANGUAGES)):
        for name in names:
            steps(who, [cell for cell in CELL if cell[place] == name], people)
    given_ = [Crossed("first", answer, None, None, channel, language, n)
              for (answer, channel, language), n in people.items() if n]  # fmt: skip
    told = lines([ASKED], [Part("individual", late=False, given=given_)], PUBLIC)
    left = {*CELL}
    for line in sorted(told, key=lambda one: [one.answer, one.channel, one.language].count(None)):
        facts = (line.answer, line.channel, line.language)
        inside = {cell for cell in left if all(fact in (None, each) for fact, each in zip(facts, cell, strict=True))}
        left -= inside
        who.learns([("r", "/".join(cell)) for cell in inside], line.people, line.people + 9)
    for cell in CELL:
        assert who.finds([("r", "/".join(cell))], PUBLIC) is None, cell


def steps(who: Intruder, cells: list[Cell], people: dict[Cell, int]) -> None:
    """Take down how many people there are in all these, as a page tells it."""
    count = disclosure.lowered(sum(people.get(cell, 0) for cell in cells), PUBLIC) or 0
    low, high = count, count + PUBLIC - 1
    who.learns([("r", "/".join(cell)) for cell in cells], low, high)


# --------------------------------------------------------------------------- what people want

NAMES = "abc"
BALLOTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "rank": tuple(permutations(NAMES)),
    "bestworst": tuple((f"a,b,c:{best}:{last}",) for best, last in permutations(NAMES, 2)),
    "allocate": tuple(tuple(points.written(list(zip(NAMES, row, strict=True)))) for row in permutations((7, 3, 0))),
}
MOST = {"rank": 3, "bestworst": 0, "allocate": 10}
ROUGH = 1e-6


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(sorted(BALLOTS)),
    st.lists(st.integers(0, 5), min_size=10, max_size=70),
    st.lists(st.integers(0, 70), max_size=3),
)
def test_looks_at_an_open_round_its_digest_and_its_page_together_give_away_no_small_group(
    kind: str, crowd: list[int], looks: list[int]
) -> None:
    """People come one after the other; each look counts whole steps of them, the last one and the page everybody."""
    said_, who = BALLOTS[kind], Intruder()
    seen = sorted({min(disclosure.steps(look, MINIMUM), len(crowd)) for look in looks} - {0})
    cuts = list(dict.fromkeys([*seen, len(crowd)]))
    parts = list(pairwise([0, *cuts]))
    for place, _ in enumerate(parts):
        for ballot in range(len(said_)):
            who.learns([(f"{place}", f"{ballot}")], 0, MANY)
    for place, cut in enumerate(cuts):
        who.learns([(f"{part}", f"{ballot}") for part in range(place + 1) for ballot in range(len(said_))], cut)
        found = poll(kind, [said_[one] for one in crowd[:cut]], most=MOST[kind])
        wanted(who, kind, result(found, MINIMUM), place)
        if cut == len(crowd):
            wanted(who, kind, result(found, PUBLIC), place)
    for ballot in range(len(said_)):
        everywhere = [(f"{place}", f"{ballot}") for place, _ in enumerate(parts)]
        assert who.finds(everywhere, MINIMUM) is None, said_[ballot]
        for one in everywhere:
            assert who.finds([one], MINIMUM) is None, one


def wanted(who: Intruder, kind: str, told_: Result, until: int) -> None:
    """Take down all that is told of a question: scores, first places, who gave nothing, how often shown."""
    groups = [(f"{part}", f"{ballot}") for part in range(until + 1) for ballot in range(6)]
    people = told_.base or 0
    for each in told_.standings:
        if each.score is None:
            continue
        given_ = {group: worth(kind, int(group[1]), each.option) for group in groups}
        step = told_.step * (2 if kind == "bestworst" else 1)
        least = -100 if kind == "bestworst" else 0
        low = -100 if each.score <= least + step else each.score - step
        high = 100 if each.score >= 100 - step else each.score + step
        who.sums(given_, low * people - ROUGH, high * people + ROUGH)
        for name, ballots in (("first", {0: each.option}), ("nothing", {2: each.option})):
            value = getattr(each, name)
            if value is not None:
                inside = [one for one in groups
                          if all(order(kind, int(one[1]))[at] == option for at, option in ballots.items())]  # fmt: skip
                half = told_.wide / 2
                low = 0 if value <= told_.wide else value - half
                high = 100 if value >= 100 - told_.wide else value + half
                who.learns(inside, low * people / 100 - ROUGH, high * people / 100 + ROUGH)


def order(kind: str, ballot: int) -> tuple[str, ...]:
    """Return the options of a ballot, the one that gets most first."""
    if kind == "allocate":
        row = [*permutations((7, 3, 0))][ballot]
        return tuple(NAMES[row.index(each)] for each in (7, 3, 0))
    best, second, *_ = [*permutations(NAMES, 3)][ballot] if kind == "rank" else [*permutations(NAMES, 2)][ballot]
    rest = ({*NAMES} - {best, second}).pop()
    return (best, second, rest) if kind == "rank" else (best, rest, second)


def worth(kind: str, ballot: int, option: str) -> float:
    """Return how many points of 100 a ballot gives an option; of cards from -100 to 100."""
    scale = {"rank": (100, 50, 0), "bestworst": (100, 0, -100), "allocate": (70, 30, 0)}[kind]
    return scale[order(kind, ballot).index(option)]
