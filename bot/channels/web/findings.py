"""What a closed round says, as its public page shows it: sentences, bars and tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from bot.digests.render.told import listed, score_words, wanted
from bot.digests.results import Kind

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from bot.channels.web.words import Words
    from bot.digests.findings import Answer, Finding, Findings, Group, Who
    from bot.digests.results import Result
    from bot.digests.weighing import Weighted
    from bot.texts import Texts


CHANNEL, WHOLE = "channel", 100


@dataclass(frozen=True, slots=True)
class Bar:
    """One option as a bar; `width` is of 100."""

    label: str
    share: str
    width: int


@dataclass(frozen=True, slots=True)
class Chapter:
    """One question: what was asked, who answered, bars with their words, and the numbers as a table."""

    question: str
    sentences: tuple[str, ...]
    bars: tuple[Bar, ...] = ()
    alt: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """In each the label first."""


@dataclass(frozen=True, slots=True)
class Book:
    """Everything the page shows of what people said; without chapters only why there are none."""

    sentences: tuple[str, ...]
    chapters: tuple[Chapter, ...]
    notes: tuple[str, ...]


def book(findings: Findings, words: Words, texts: Texts, zone: ZoneInfo) -> Book:
    """Return findings in the words of a page."""
    few = findings.people is None
    method = words("findings.method", minimum=findings.minimum, day=words.day(findings.at, zone))
    return Book(
        sentences=tuple(filter(None, _turnout(findings, words))),
        chapters=(
            *(_who(one, findings.minimum, words, texts) for one in findings.who),
            *(_chapter(one, findings.minimum, words, texts) for one in findings.findings),
        ),
        notes=() if few else (words("findings.caveat"), weights(findings, words), method),
    )


def weights(findings: Findings, words: Words) -> str:
    """Return what weighted shares are made of and how far they carry, or that nothing is weighted, and why."""
    one = findings.weighing
    if one is None:
        return words("findings.unweighted")
    if one.why is not None:
        return f"{words('findings.unweighted')} {words(f'findings.why_{one.why.value}')}"
    groups = words("findings.and").join(words(f"findings.by_{name}") for name in one.by)
    numbers = {name: words.number(getattr(one, name)) for name in ("people", "effective", "effect")}
    return words("findings.weighted", groups=groups, **numbers)


def _turnout(findings: Findings, words: Words) -> tuple[str, ...]:
    people = findings.people
    minimum = findings.minimum
    told = words("findings.few", minimum=minimum) if people is None else _people(people, words)
    return (
        told,
        _apart(findings, words),
        _declared(findings, words),
        _late(findings, words),
        _organised(findings, words),
    )


def _people(people: int, words: Words) -> str:
    return words("findings.people", n=words.number(people))


def _apart(findings: Findings, words: Words) -> str:
    if not (findings.groups or findings.organisations):
        return ""
    heads = _about(findings.heads, findings.minimum, words)
    numbers = {name: words.number(getattr(findings, name)) for name in ("groups", "organisations")}
    return words("findings.groups", heads=heads, **numbers)


def _declared(findings: Findings, words: Words) -> str:
    if findings.declared == 0:
        return ""
    return words("findings.declared", n=_about(findings.declared, findings.minimum, words))


def _late(findings: Findings, words: Words) -> str:
    if findings.late == 0:
        return ""
    return words("findings.late", n=_about(findings.late, findings.minimum, words))


def _organised(findings: Findings, words: Words) -> str:
    if not findings.campaigns:
        return ""
    senders, texts = (_about(count, findings.minimum, words) for count in (findings.senders, findings.texts))
    return words("findings.organised", campaigns=words.number(findings.campaigns), people=senders, texts=texts)


def _about(count: int | None, minimum: int, words: Words) -> str:
    """Return a number in steps inside a sentence: no more is said than is known."""
    number = _number(count, minimum, words)
    return words("findings.about", n=number) if count else number


def _who(one: Who, minimum: int, words: Words, texts: Texts) -> Chapter:
    """Return who answered beside who lives there: it stands before what they said."""
    groups = [(_group(each, one.variable, texts), each) for each in one.groups]
    bars = tuple(
        Bar(label, _part(each, words, texts), each.percent) for label, each in groups if each.percent is not None
    )
    said = texts("digest.wanted.between").join(
        texts("digest.wanted.standing_few", label=bar.label, score=bar.share) for bar in bars
    )
    return Chapter(
        question=words("findings.who", by=_by(one, words, texts)),
        sentences=_lives(one, words),
        bars=bars,
        alt=words("findings.alt", list=said) if bars else "",
        columns=(words("turnout.group"), words("findings.number"), words("findings.share"), words("turnout.residents")),
        rows=tuple((label, *_beside(each, minimum, words, texts)) for label, each in groups),
    )


def _by(one: Who, words: Words, texts: Texts) -> str:
    if words.has(f"turnout.by_{one.variable}"):
        named = words(f"turnout.by_{one.variable}")
        return f"{named[:1].lower()}{named[1:]}"
    return texts.pick(one.question).strip().split("\n")[0]


def _group(each: Group, variable: str, texts: Texts) -> str:
    key = f"channel.{each.group}"
    return texts(key) if variable == CHANNEL and texts.has(key) else texts.pick(each.label, each.group)


def _lives(one: Who, words: Words) -> tuple[str, ...]:
    """Return whose numbers of residents stand beside, and of which day."""
    if one.variable == CHANNEL:
        return ()
    if not one.source:
        return (words("findings.unweighed"),)
    return words("turnout.source", source=one.source), words(
        "turnout.held", day=words.day_of(date.fromisoformat(one.on))
    )


def _beside(each: Group, minimum: int, words: Words, texts: Texts) -> tuple[str, str, str]:
    residents = "" if each.residents is None else words.number(each.residents)
    return _number(each.people, minimum, words), _part(each, words, texts), residents


def _part(each: Group, words: Words, texts: Texts) -> str:
    """Return a share of those who answered; all of them is not told apart from nearly all."""
    if each.percent is None:
        return ""
    return words("findings.nearly_all") if each.percent >= WHOLE else texts.percent(each.percent)


def _chapter(one: Finding, minimum: int, words: Words, texts: Texts) -> Chapter:
    answered = (
        words("findings.answered_few", minimum=minimum)
        if one.people is None
        else words("findings.answered", n=words.number(one.people))
    )
    head = f"{answered[:1].upper()}{answered[1:]}."
    if one.ballot is not None:
        return _ordered(one, one.ballot, head, minimum, texts)
    if one.answers and one.people is not None:
        return _chosen(one, head, minimum, words, texts)
    own = "" if one.answers or one.verb == "number" else words("findings.own_words")
    told = (head, _middle(one, words), _recommend(one, words), own)
    return Chapter(texts.pick(one.question), tuple(filter(None, told)))


def _middle(one: Finding, words: Words) -> str:
    if one.middle is None:
        return ""
    return words("findings.middle", n=f"{words.number(one.middle)} {one.unit}".strip())


def _recommend(one: Finding, words: Words) -> str:
    if one.recommend is None:
        return ""
    score, low, high = map(words.number, one.recommend)
    return words("findings.recommend", score=score, low=low, high=high)


def _chosen(one: Finding, head: str, minimum: int, words: Words, texts: Texts) -> Chapter:
    shares = [_share(each, words, texts) for each in one.answers]
    bars = tuple(
        Bar(texts.pick(each.label), share, 100 if each.everybody else each.percent or 0)
        for each, share in zip(one.answers, shares, strict=True)
        if each.percent is not None or each.everybody
    )
    weighted = any(each.weighted for each in one.answers)
    rows = tuple(
        (
            texts.pick(each.label),
            _number(each.people, minimum, words),
            share,
            _span(each, words, texts),
            *(_beside_it(each.weighted, words, texts) if weighted else ()),
        )
        for each, share in zip(one.answers, shares, strict=True)
    )
    columns = ("option", "number", "share", "between", *(("as_weighted", "between") if weighted else ()))
    each_said = (texts("digest.wanted.standing_few", label=bar.label, score=bar.share) for bar in bars)
    said = texts("digest.wanted.between").join(each_said)
    several = words("findings.several") if one.verb == "pick" else ""
    return Chapter(
        question=texts.pick(one.question),
        sentences=tuple(filter(None, (head, several))),
        bars=bars,
        alt=words("findings.alt", list=said) if bars else "",
        columns=tuple(words(f"findings.{name}") for name in columns),
        rows=rows,
    )


def _share(each: Answer, words: Words, texts: Texts) -> str:
    if not each.counts:
        return words("findings.outside")
    if each.everybody:
        return words("findings.nearly_all")
    return "" if each.percent is None else texts.percent(each.percent)


def _number(people: int | None, minimum: int, words: Words) -> str:
    return words("findings.fewer", minimum=minimum) if people is None else words.number(people)


def _beside_it(each: Weighted | None, words: Words, texts: Texts) -> tuple[str, str]:
    return (texts.percent(each.percent), _span(each, words, texts)) if each else ("", "")


def _span(each: Answer | Weighted, words: Words, texts: Texts) -> str:
    if each.low is None or each.high is None:
        return ""
    return words("findings.span", low=texts.percent(each.low), high=texts.percent(each.high))


def _ordered(one: Finding, ballot: Result, head: str, minimum: int, texts: Texts) -> Chapter:
    told = wanted(ballot, minimum, texts)
    drawn = [each for each in ballot.standings if each.score is not None]
    bars = tuple(
        Bar(texts.pick(each.label), score_words(each.score, ballot, texts), _width(each.score or 0, ballot))
        for each in drawn
    )
    rows = tuple((row[1], row[0], *row[2:]) for row in told.rows)
    columns = (told.columns[1], told.columns[0], *told.columns[2:]) if told.columns else ()
    alt = texts("digest.wanted.alt", list=listed(ballot, texts)) if bars else ""
    return Chapter(texts.pick(one.question), (head, *told.sentences[1:]), bars, alt, columns, rows)


def _width(score: int, ballot: Result) -> int:
    return (score + 100) // 2 if ballot.kind is Kind.BESTWORST else score
