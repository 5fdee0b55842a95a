"""The numbers of a round as a screen of the chat: what the browser's page shows, a line each. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests.representation import Verdict, per_hundred
from bot.rounds.tongues import in_language
from bot.rounds.wording import standing as worded
from bot.texts import texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from bot.channels.web.words import Words
    from bot.digests.representation import Standing
    from bot.rounds.audience import Tally
    from bot.rounds.fairness import Numbers, Table
    from bot.rounds.sending import Sending


def sent(sending: Sending, language: str, zone: ZoneInfo) -> Iterator[str]:
    """Give how far the invitations are: what has left, who waits until morning, when the last one leaves."""
    said = texts(language)
    counted = {name: said.number(getattr(sending, name)) for name in ("sent", "people", "reached", "failed")}
    yield said("menu.asked", **counted)
    if sending.asleep and sending.wakes_at:
        at = said.moment(sending.wakes_at.astimezone(zone))
        yield said("menu.asleep", n=said.number(sending.asleep), at=at)
    if sending.ends_at:
        yield said("menu.asked_by", at=said.moment(sending.ends_at.astimezone(zone)))
    if sending.step:
        yield said("menu.asks_steps", minimum=said.number(sending.step))


def apart(numbers: Numbers, words: Words) -> Iterator[str]:
    """Give what is counted apart from the people who answered for themselves in time, as far as there is any."""
    voices, one = numbers.voices, numbers.organised
    if voices.late:
        yield words("enter.came_late", n=words.number(voices.late))
    if one.campaigns:
        counted = {name: words.number(getattr(one, name)) for name in ("texts", "people", "campaigns")}
        yield words("numbers.organised", **counted)
    if numbers.deleted:
        yield words("numbers.deleted", n=words.number(numbers.deleted))
    if voices.declared:
        yield words("enter.declared", n=words.number(voices.declared))
    if voices.groups or voices.organisations:
        counts = {name: words.number(getattr(voices, name)) for name in ("individuals", "groups", "heads")}
        yield words("enter.apart", **counts, organisations=words.number(len(voices.organisations)))
        yield from (f"– {name}" for name in voices.organisations if name)


def stops(numbers: Numbers, words: Words) -> Iterator[str]:
    """Give the questions after which most people stop."""
    if numbers.stops:
        yield f"\n{words('turnout.stops')}"
    for stop in numbers.stops:
        yield f"– {stop.question} {words('turnout.stopped', n=words.number(stop.people))}"


def groups(table: Table, minimum: int, words: Words) -> Iterator[str]:
    """Give the groups of one variable: answers, how many are wanted, how they stand to who lives there."""
    key = f"turnout.by_{table.variable.key}"
    question = in_language(table.variable.question, words.language).strip().split("\n")[0]
    yield f"\n{words(key) if words.has(key) else question}"
    for each in table.found.standings:
        yield f"– {'; '.join(_group(table, each, minimum, words))}"


def _group(table: Table, each: Standing, minimum: int, words: Words) -> Iterator[str]:
    said = texts(words.language)
    few = words("round_page.few", minimum=words.number(minimum))
    answers = few if each.answers is None else words.number(each.answers)
    group, wanted = table.variable.label(each.group, words.language), table.wanted.get(each.group)
    if wanted is None:
        yield said("menu.group", group=group, n=answers)
    else:
        yield said("menu.group_wanted", group=group, n=answers, wanted=words.number(wanted))
    if each.residents is not None and each.share is not None:
        yield said("menu.group_shares", answers=per_hundred(each.share), residents=per_hundred(each.residents))
    if each.verdict is not Verdict.UNTOLD:
        yield worded(words.language, each.verdict)


def left_out(tally: Tally, words: Words) -> Iterator[str]:
    """Give why people are not asked, and what could not be delivered."""
    if tally.excluded or tally.failed:
        yield f"\n{texts(words.language)('menu.left_out')}"
    for why, count in sorted(tally.excluded.items(), key=lambda one: -one[1]):
        yield f"– {words(f'left_out.{why}')}: {words.number(count)}"
    if tally.failed:
        yield f"– {words('round_page.audience_failed')}: {words.number(sum(tally.failed.values()))}"
