"""A digest in sentences of one language. Every rendering shows these, so that all say the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.assessing import gap as gaps
from bot.assessing.words import words as assessing
from bot.digests import statistics
from bot.digests.disclosure import Strength, few
from bot.digests.model import FIELDS_OF_A_RECORD, Form
from bot.digests.quotes import same
from bot.digests.render import items
from bot.digests.results import Kind
from bot.digests.signals import RUN
from bot.digests.weeks import Week
from bot.reading.spans import worded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bot.digests.disclosure import Share
    from bot.digests.model import Channel, Clock, Digest, Point, Score, Voice
    from bot.digests.results import Result, Standing
    from bot.texts import Texts

HEADS = ("clock", "who", "score", "problems", "works", "wanted", "deeds", "proposals", "voices", "table")
WANTED = 3
"""Questions of what people want that a brief digest tells."""
DEADLINES = 4
"""Lines of the clock."""
LONGEST = 4000
"""Letters of a text that is not cut."""
VERDICTS = {True: "real", False: "not_real", None: "unsure"}
"""The word for a change, by whether it is real."""


@dataclass(frozen=True, slots=True)
class Quote:
    """One citizen's words, in quotation marks, and how this person scored (a word, or empty)."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Row:
    """One week of a stage in a table; `now` marks the digest's own week."""

    week: str
    share: str
    span: str
    base: str
    now: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """The score of one stage: its sentences, the headline first, and the numbers behind the chart."""

    name: str
    good: str
    sentences: tuple[str, ...]
    question: str
    rows: tuple[Row, ...]
    kept: tuple[str, ...] = ()
    """The sentences that stay where room is short: the headline and how it moved."""
    moved: bool = False
    """Whether it really changed, or lies week after week on one side."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What people want, by one question: its sentences, and a table with a row for each option, the best first."""

    title: str
    question: str
    sentences: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    alt: str
    """What its bars show, in words."""


@dataclass(frozen=True, slots=True)
class Told:
    """Everything a rendering shows, in the order to show it. Empty texts and tuples are left out."""

    language: str
    direction: str
    title: str
    span: str
    subject: str
    clock: tuple[str, ...]
    new: str
    channels: str
    short: str
    stages: tuple[Stage, ...]
    wanted: tuple[Wanted, ...]
    quotes: tuple[Quote, ...]
    since: str
    more: str
    caveat: str
    hidden: str
    method: str
    headings: Mapping[str, str]
    """Words for the items (`clock`, `who`, `score`, ...) and the columns `week`, `share`, `range`, `base`."""
    gap: tuple[str, ...] = ()
    """What this manager expected, and what it says of them: two lines at most."""
    headline: str = ""
    urgent: str = ""
    finished: str = ""
    missing: str = ""
    problems: tuple[str, ...] = ()
    works: str = ""
    proposed: str = ""
    deeds: tuple[str, ...] = ()
    late: int = 0
    """So many of `deeds`, its first, are late."""
    proposals: tuple[str, ...] = ()
    foot: tuple[str, ...] = ()


def page(
    digest: Digest,
    texts: Texts,
    quotes: int = 20,
    length: int = LONGEST,
    *,
    brief: bool = False,
    beside: int = items.QUOTED,
) -> Told:
    """Return the digest in sentences, with at most so many quotes of at most so many letters.

    `brief` leaves out what a page or a table tells: channels, scales, the method, questions after the third.
    `beside`: how many problems keep the quote beside them; without any, what works has none either.
    """
    week, name = Week.parse(digest.period), texts.pick(digest.name, digest.service)
    span = texts.days(digest.since, digest.until)
    full = digest.form is Form.FULL
    told = _apart(digest)[:quotes]
    return Told(
        language=texts.language,
        direction=texts.direction,
        title=texts("digest.title", service=name, week=week.number),
        span=texts("digest.span_so_far" if digest.so_far else "digest.span", days=span),
        subject=texts("digest.subject", service=name, week=week.number, days=span),
        clock=tuple(_clock(digest.clock, texts)),
        new="" if digest.sign_of_life else _new(digest, texts),
        channels="" if brief else _channels(digest, texts),
        short="" if full or digest.sign_of_life else texts("digest.who.short", minimum=digest.minimum),
        stages=tuple(_stage(score, digest, texts, brief=brief) for score in digest.scores),
        wanted=tuple(_wanted(each, digest, texts, brief=brief and n) for n, each in enumerate(digest.results, 1)),
        quotes=tuple(_quote(voice, length, texts) for voice in told),
        since=texts("digest.voices.since", day=texts.day(digest.voices.since)) if digest.voices.since and told else "",
        more=_more(digest, len(told), texts),
        caveat=_caveat(digest, texts),
        hidden=texts.many("digest.foot.hidden", digest.hidden, minimum=digest.minimum) if digest.hidden else "",
        method=texts("digest.foot.method") if digest.scores and not brief else "",
        headings=_headings(texts),
        gap=_gap(digest, texts),
        headline="" if digest.so_far and not digest.alerts else items.headline(digest, texts),
        urgent=items.urgent(digest, texts),
        finished=items.finished(digest, texts),
        missing=items.missing(digest, texts),
        problems=items.problems(digest, texts, brief=brief, quotes=beside),
        works=items.works(digest, texts, brief=brief, quotes=beside),
        proposed=items.proposed(digest, texts),
        deeds=items.deeds(digest, texts),
        late=items.late(digest),
        proposals=() if digest.so_far else items.proposals(digest, texts),
        foot=items.foot(digest, texts),
    )


def _caveat(digest: Digest, texts: Texts) -> str:
    """Return what is to be known of the shares: of how many people they are, where it is one number for all."""
    bases = {score.positive.base for score in digest.scores}
    if not bases:
        return ""
    base = bases.pop() if len(bases) == 1 else None
    if base is None:
        return texts("digest.who.caveat_several", area=digest.area)
    return texts("digest.who.caveat", n=texts.number(base), area=digest.area)


def _headings(texts: Texts) -> dict[str, str]:
    heads = {name: texts(f"digest.head.{name}") for name in HEADS}
    heads["gap"] = assessing(texts.language)("gap.head")
    return heads | {name: texts(f"digest.table.{name}") for name in ("week", "share", "range", "base")}


# --------------------------------------------------------------------------- clock, who


def _clock(clock: Sequence[Clock], texts: Texts) -> Iterator[str]:
    """Give four lines at most: of more deadlines the first three, and how many are left."""
    told = clock if len(clock) <= DEADLINES else clock[: DEADLINES - 1]
    yield from (clock_line(each, texts) for each in told)
    if left := len(clock) - len(told):
        yield texts.many("digest.clock.more", left)


def clock_line(clock: Clock, texts: Texts) -> str:
    """Return one deadline as a sentence, with how much of the record is complete."""
    told = _deadline(clock, texts)
    if clock.written is None:
        return told
    kept = {"n": texts.number(clock.written), "most": texts.number(FIELDS_OF_A_RECORD)}
    return f"{told} {texts('digest.clock.record', **kept)}"


def _deadline(clock: Clock, texts: Texts) -> str:
    title, day = items.short(texts.pick(clock.name)), texts.day(clock.on)
    if clock.days == 0:
        return texts(f"digest.clock.{clock.tick}_today", title=title)
    return texts.many(f"digest.clock.{clock.tick}", clock.days, title=title, day=day)


def _new(digest: Digest, texts: Texts) -> str:
    total = texts.number(digest.who.total)
    new = digest.who.new
    told = texts.many("digest.who.new", new, total=total) if new else texts("digest.who.none", total=total)
    return " ".join(filter(None, (told, items.apart(digest, texts))))


def _channels(digest: Digest, texts: Texts) -> str:
    told = [_channel(channel, digest.minimum, texts) for channel in digest.who.channels if channel.new != 0]
    return texts("digest.who.channels", list=", ".join(told)) if told else ""


def _channel(channel: Channel, minimum: int, texts: Texts) -> str:
    key = f"channel.{channel.name}"
    name = texts(key) if key in texts.sentences else channel.name
    if channel.new is None:
        return texts("digest.who.channel_few", channel=name, minimum=minimum)
    return texts("digest.who.channel", channel=name, n=texts.number(channel.new))


# --------------------------------------------------------------------------- score


def _stage(score: Score, digest: Digest, texts: Texts, *, brief: bool) -> Stage:
    name, good, bad = texts(f"stage.{score.stage}"), _words(score.good, texts), _words(score.bad, texts)
    if digest.so_far and score.positive.base is None:
        sentences = kept = [texts("digest.score.wait", stage=name, minimum=digest.minimum)]
    else:
        changed = [_change(score, digest.minimum, texts), reworded(score, texts)]
        moved = [*(reversed(changed) if score.alike.says else changed), _run(score, texts)]
        sentences = [headline(score, name, good, digest.minimum, texts)]
        kept = [*sentences, *moved]
        sentences += [] if brief else [_why(score.positive, digest.minimum, texts)]
        sentences += [] if brief else [_negative(score.negative, bad, texts)]
        sentences += [_net(score, texts), *moved]
        sentences += [] if brief else [_unknown(score, digest.minimum, texts)]
        sentences += [texts("digest.score.steps", minimum=digest.minimum)] if digest.so_far else []
    rows = tuple(row(point.week, point.share, point.week == digest.period, texts) for point in since_first(score.weeks))
    return Stage(
        name,
        good,
        tuple(filter(None, sentences)),
        asked(score, digest, texts),
        rows,
        tuple(filter(None, kept)),
        moved=bool(score.change and score.change.real) or bool(_run(score, texts)),
    )


def asked(score: Score, digest: Digest, texts: Texts) -> str:
    """Return the question as it was asked; empty where the round's own words are needed to fill it in."""
    asked = texts.pick(score.question).replace("{service}", texts.pick(digest.name, digest.service))
    return "" if "{" in asked else asked


def since_first(weeks: Sequence[Point]) -> Sequence[Point]:
    """Return the weeks from the first that has something to show; at least four, so that a line has room."""
    first = next((place for place, point in enumerate(weeks) if point.share.says), 0)
    return weeks[min(first, max(len(weeks) - 4, 0)) :]


def _words(labels: Mapping[str, Sequence[str]], texts: Texts) -> str:
    chosen = labels.get(texts.language) or next(iter(labels.values()), ())
    return texts.either([label[:1].lower() + label[1:] for label in chosen])


def good_words(score: Score, texts: Texts) -> str:
    """Return the answers that count as positive, in words: `very good or good`."""
    return _words(score.good, texts)


def headline(score: Score, stage: str, good: str, minimum: int, texts: Texts) -> str:
    """Return the headline share as a sentence that says no more than the share may."""
    share = score.positive
    base = texts.number(share.base or 0)
    match share.strength:
        case Strength.HIDDEN if share.base is None:
            return texts("digest.score.few", stage=stage, minimum=minimum)
        case Strength.HIDDEN:
            return texts("digest.score.hidden", stage=stage, base=base, minimum=minimum)
        case Strength.COUNT:
            return texts("digest.score.count", stage=stage, base=base)
        case _ if share.band:
            key = share.band if share.strength is Strength.FIRM else f"{share.band}_indication"
            return texts(f"digest.score.band_{key}", stage=stage, base=base, good=good, edge=texts.percent(share.edge))
    key = "digest.score.share" if share.strength is Strength.FIRM else "digest.score.share_indication"
    low, high = bounds(share)
    part, told = texts.number(share.part or 0), texts.percent(share.percent or 0)
    return texts(key, stage=stage, percent=told, good=good, part=part, base=base, low=low, high=high)


def _why(share: Share, minimum: int, texts: Texts) -> str:
    """Why there is no exact figure; empty where there is one, or none at all."""
    most = few(share.base or 0, minimum) + 1
    return texts(f"digest.score.why_{share.band}", minimum=most) if share.band else ""


def bounds(share: Share) -> tuple[int, int]:
    """Return the range in whole percent."""
    return statistics.points(share.low or 0.0), statistics.points(share.high or 0.0)


def _negative(share: Share, bad: str, texts: Texts) -> str:
    if not bad or not share.says:
        return ""
    if share.band:
        return texts(f"digest.score.negative_{share.band}", bad=bad, edge=texts.percent(share.edge))
    return texts("digest.score.negative", percent=texts.percent(share.percent or 0), bad=bad)


def _unknown(score: Score, minimum: int, texts: Texts) -> str:
    if score.unknown is None:
        return texts("digest.score.unknown_few", minimum=minimum)
    return texts.many("digest.score.unknown", score.unknown) if score.unknown else ""


def _change(score: Score, minimum: int, texts: Texts) -> str:
    change = score.change
    if change is None:
        return texts("digest.score.no_base") if score.positive.says and not score.reworded else ""
    verdict = texts(f"digest.score.{VERDICTS[change.real]}")
    if change.real and change.points is None:
        verdict = texts(f"digest.score.{'real_up' if items.rose(score, minimum) else 'real_down'}")
    if change.points is None and not change.before.says:
        return texts("digest.score.unlike_hidden", verdict=verdict)
    if change.points is None:
        return texts("digest.score.unlike", before=short_share(change.before, texts), verdict=verdict)
    told = {"before": texts.percent(change.before.percent or 0), "base": texts.number(change.before.base or 0)}
    if change.points == 0:
        return texts("digest.score.level", verdict=verdict, **told)
    key = "digest.score.up" if change.points > 0 else "digest.score.down"
    return texts.many(key, abs(change.points), verdict=verdict, **told)


def reworded(score: Score, texts: Texts) -> str:
    """Say since when the question is asked as it is now; empty where no week that is told was asked otherwise.

    Where some were asked as in the weeks before, say of them what is compared.
    """
    if score.alike.percent is None:
        return texts("digest.score.reworded", week=Week.parse(score.reworded).number) if score.reworded else ""
    part, base = texts.number(score.alike.part or 0), texts.number(score.alike.base or 0)
    told = {"percent": texts.percent(score.alike.percent), "part": part, "base": base}
    return texts("digest.score.alike", good=good_words(score, texts), **told)


def _net(score: Score, texts: Texts) -> str:
    if score.net is None:
        return ""
    net, low, high = (texts.number(each) for each in score.net)
    return texts("digest.score.net", net=net, low=low, high=high)


def _run(score: Score, texts: Texts) -> str:
    """Say so where week after week lies on one side of the median: that is more than chance."""
    if abs(score.side) < RUN or score.median is None:
        return ""
    side = "above" if score.side > 0 else "below"
    return texts.many(f"digest.score.{side}", abs(score.side), median=texts.percent(score.median))


def short_share(share: Share, texts: Texts) -> str:
    """Return a share in one or two words for a table: `68%`, `over 80%`, `too few`."""
    if share.band:
        return texts(f"digest.score.{share.band}", edge=texts.percent(share.edge))
    return texts.percent(share.percent or 0) if share.exact else texts("digest.table.few")


def row(week: str, share: Share, now: bool, texts: Texts) -> Row:  # noqa: FBT001 - a mark of the row
    """Return one week as a row of the table."""
    span = "{}–{}".format(*bounds(share)) if share.exact else ""
    base = texts.number(share.base) if share.base is not None else ""
    return Row(str(Week.parse(week).number), short_share(share, texts), span, base, now)


# --------------------------------------------------------------------------- what people want


def _wanted(result: Result, digest: Digest, texts: Texts, *, brief: int) -> Wanted:
    """What was told in the digest before is not told again: the table has it. `brief`: its number, from 1, or 0."""
    told = wanted(result, digest.minimum, texts)
    if brief > WANTED:
        return replace(told, sentences=())
    if f"result.{result.code}.{result.state}" in digest.again:
        return replace(told, sentences=(texts("digest.wanted.again", title=told.title),))
    return replace(told, sentences=told.sentences[:1]) if brief else told


def wanted(result: Result, minimum: int, texts: Texts) -> Wanted:
    """Return the result of one question, no more than may be told of it."""
    told = _columns(result)
    rows = tuple(
        (f"{place}", texts.pick(each.label), *(_cell(each, name, result, texts) for name in told))
        for place, each in _placed(result.standings)
    )
    columns = ("place", "option", *told)
    return Wanted(
        title=texts.pick(result.title),
        question=texts.pick(result.question),
        sentences=tuple(filter(None, _sentences(result, minimum, texts))),
        columns=tuple(texts(f"digest.wanted.{name}") for name in columns) if rows else (),
        rows=rows,
        alt=texts("digest.wanted.alt", list=listed(result, texts)),
    )


def _placed(standings: Sequence[Standing]) -> Iterator[tuple[str, Standing]]:
    """Give each option its place; those with one score share it, and whoever has none has no place."""
    for standing in standings:
        better = sum(each.score is not None and each.score > (standing.score or 0) for each in standings)
        yield "" if standing.score is None else str(better + 1), standing


def _sentences(result: Result, minimum: int, texts: Texts) -> Iterator[str]:
    title = texts.pick(result.title)
    if result.base is None:
        yield texts("digest.wanted.few", title=title, minimum=minimum)
        return
    if not result.standings:
        yield texts("digest.wanted.count", n=texts.number(result.base), title=title)
        return
    told, people = listed(result, texts), texts.number(result.base)
    yield texts(f"digest.wanted.{result.kind}", n=people, title=title, list=told)
    step = result.step / 50 if result.kind is Kind.BESTWORST else result.step
    yield texts(f"digest.wanted.{result.kind}_scale", step=texts.number(step))
    yield texts("digest.wanted.indication") if result.indication else ""
    if result.ahead_of_each:
        labels = {each.option: texts.pick(each.label) for each in result.standings}
        yield texts("digest.wanted.ahead", label=labels[result.ahead_of_each])
    yield "" if result.whole else texts("digest.wanted.steps", minimum=minimum)


def listed(result: Result, texts: Texts) -> str:
    """Return the options with place and score, the best first."""
    return texts("digest.wanted.between").join(_standing(each, result, texts) for each in _placed(result.standings))


def _standing(placed: tuple[str, Standing], result: Result, texts: Texts) -> str:
    place, standing = placed
    label, score = texts.pick(standing.label), score_words(standing.score, result, texts)
    return texts(
        "digest.wanted.standing" if place else "digest.wanted.standing_few", place=place, label=label, score=score
    )


def score_words(score: int | None, result: Result, texts: Texts) -> str:
    """Return a score as it is written: `65`, of points `40%`, of cards `+0.60`; nothing and all are only bounds."""
    if score is None:
        return texts("digest.table.few")
    step, least = (2 * result.step, -100) if result.kind is Kind.BESTWORST else (result.step, 0)
    return _bounded(score, least, step, lambda value: number_words(value, result.kind, texts), texts)


def _bounded(value: int, least: int, step: int, written: Callable[[int], str], texts: Texts) -> str:
    """Return a number in steps in words: the first and the last step tell no more than two of them."""
    if value <= least + step:
        return texts("digest.wanted.under", edge=written(least + 2 * step))
    return texts("digest.wanted.over", edge=written(100 - 2 * step)) if value >= 100 - step else written(value)


def number_words(value: int, kind: Kind, texts: Texts) -> str:
    """Return points of a scale as they are written."""
    match kind:
        case Kind.RANK:
            return texts.number(value)
        case Kind.ALLOCATE:
            return texts.percent(value)
        case Kind.BESTWORST:
            return texts.signed(value / 100)


def _columns(result: Result) -> tuple[str, ...]:
    """Return what the table tells beside place and name."""
    told = ("first", "median", "nothing", "shown")
    return (
        "score",
        "range",
        *(name for name in told if any(getattr(each, name) is not None for each in result.standings)),
    )


def _cell(standing: Standing, name: str, result: Result, texts: Texts) -> str:
    match name:
        case "score":
            return score_words(standing.score, result, texts)
        case "range" if standing.low is not None and standing.high is not None:
            low, high = (number_words(end, result.kind, texts) for end in (standing.low, standing.high))
            return texts("digest.wanted.from_to", low=low, high=high)
        case "shown":
            return texts.number(standing.shown or 0)
        case _:
            value: int | None = getattr(standing, name, None)
            return "" if value is None else _bounded(value, 0, result.wide, texts.percent, texts)


# --------------------------------------------------------------------------- the gap


def _gap(digest: Digest, texts: Texts) -> tuple[str, ...]:
    """The two lines, without what the digest before told; that it is the same where nothing is left."""
    if digest.gap is None:
        return ()
    words = assessing(texts.language)
    told = gaps.lines(digest.gap.without(digest.again), words)
    return told or ((texts("digest.again"),) if gaps.lines(digest.gap, words) else ())


# --------------------------------------------------------------------------- in their words


def _apart(digest: Digest) -> list[Voice]:
    """Return the quotes that do not stand beside a theme."""
    themes = [*digest.problems, *([digest.works] if digest.works else [])]
    beside = {same(theme.quote.text) for theme in themes if theme.quote}
    return [voice for voice in digest.voices.quotes if same(voice.text) not in beside]


def _quote(voice: Voice, length: int, texts: Texts) -> Quote:
    tone = texts(f"digest.voices.{voice.tone}") if voice.tone else ""
    words = items.shortened(worded(" ".join(voice.text.split()), texts), length)
    return Quote(texts("digest.voices.quote", text=words), tone)


def _more(digest: Digest, told: int, texts: Texts) -> str:
    """How many texts are not told. Nobody learns from it how few did not want to be quoted."""
    total = digest.voices.total
    if total is None:
        return texts("digest.voices.more_few") if not told else ""
    left = total - told
    if left <= 0:
        return ""
    return texts("digest.voices.more_few") if left < digest.minimum else texts.many("digest.voices.more", left)
