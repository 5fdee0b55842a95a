"""The items of a digest around its figures, in sentences: headline, themes, deeds, proposals, foot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.digests import disclosure, statistics
from bot.digests.deeds import Stand
from bot.digests.disclosure import Strength
from bot.digests.model import Form, Reason, Theme
from bot.machine.names import machine_named
from bot.reading.spans import worded
from storage.actions import ANSWER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.digests.deeds import Deed
    from bot.digests.disclosure import Share
    from bot.digests.model import Alert, Burst, Digest, Missing, Proposal, Score
    from bot.texts import Texts

WORDS = 25
"""Most words of the headline."""
NAME, QUOTE, BRIEF_QUOTE = 48, 120, 80
"""Letters of a name, and of a quote beside a theme; of one where it has to be brief."""
QUOTED = 3
"""Problems that have a quote beside them: all that are told."""


def headline(digest: Digest, texts: Texts) -> str:
    """Return in one sentence what changed and whether something is asked: at most 25 words.

    Where a machine worded it for this language those words are told, and that they are a machine's.
    """
    if found := digest.worded.get(texts.language):
        return texts("digest.headline.by_machine", line=found.text)
    if digest.sign_of_life:
        return texts("digest.headline.alive_deeds" if digest.deeds and digest.deeds.lines else "digest.headline.alive")
    told, left = [alert(each, texts) for each in digest.alerts], digest.more_alerts
    if not told:
        if digest.form is not Form.FULL:
            return texts("digest.headline.steady_short")
        moved = [*_moves(digest, texts)]
        if not moved:
            if not digest.scores or any(score.change for score in digest.scores):
                return texts("digest.headline.steady")
            otherwise = any(score.reworded and score.positive.says for score in digest.scores)
            return texts("digest.headline.steady_reworded" if otherwise else "digest.headline.steady_first")
        told = [texts("digest.headline.calm"), *moved]
    state = texts(f"digest.state.{digest.state}")
    sentences = [line(state, told[:count], left + len(told) - count, texts) for count in range(len(told), 0, -1)]
    return next((each for each in sentences if words(each) <= WORDS), sentences[-1])


def _moves(digest: Digest, texts: Texts) -> Iterator[str]:
    """Give what really changed, though it asks for nothing: scores, then themes."""
    for score in digest.scores:
        if score.change and score.change.real:
            points = score.change.points
            stage = texts(f"stage.{score.stage}")
            if points:
                yield texts.many(f"digest.headline.{'rose' if points > 0 else 'fell'}", abs(points), stage=stage)
            else:
                yield texts(f"digest.headline.{'up' if rose(score, digest.minimum) else 'down'}", stage=stage)
    for theme in (*digest.problems, *([digest.works] if digest.works else [])):
        if theme.change and theme.change.real:
            grew = "grown" if rose(theme, digest.minimum) else "shrunk"
            yield texts(f"digest.headline.{grew}", name=short(texts.pick(theme.name, theme.key)))


def rose(found: Score | Theme, minimum: int) -> bool:
    """Whether a share that has really changed is larger than before, by what is told of each week."""
    if found.change and found.change.points:
        return found.change.points > 0
    now = found.share if isinstance(found, Theme) else found.compared
    return not disclosure.surely_lost(now, found.past, minimum)


def line(state: str, told: list[str], left: int, texts: Texts) -> str:
    """Return the state with its reasons, and how many more there are."""
    parts = [*told, *([texts.many("digest.headline.more", left)] if left else [])]
    return texts("digest.headline.line", state=state, list=texts("digest.headline.between").join(parts))


def alert(each: Alert, texts: Texts) -> str:
    """Return one reason to act or to watch in words."""
    named = {"name": short(texts.pick(each.name)), "stage": texts(f"stage.{each.stage}") if each.stage else ""}
    if each.reason is Reason.MISSING:
        return texts("digest.headline.missing", **named)
    if each.at_least:
        return texts(f"digest.headline.{each.reason}_from", people=_from(each.count, texts), **named)
    return texts.many(f"digest.headline.{each.reason}", each.count, **named)


def _from(people: int, texts: Texts) -> str:
    return texts("digest.themes.at_least", people=texts.many("rounds.people", people))


def name_of(each: Alert, texts: Texts) -> str:
    """Return the round, theme, group or stage that a reason is about, as it is shown; empty where it is about none."""
    return short(texts.pick(each.name)) or (texts(f"stage.{each.stage}") if each.stage else "")


def urgent(digest: Digest, texts: Texts) -> str:
    """Return how many reports of danger went out at once; empty where none did."""
    return texts.many("digest.headline.sent", digest.urgent) if digest.urgent else ""


def short(name: str) -> str:
    """Return a name cut at a word where it is long."""
    return shortened(" ".join(name.split()), NAME)


def words(text: str) -> int:
    """Return how many words a text has; a mark that stands alone, as in French, is none."""
    return sum(any(map(str.isalnum, word)) for word in text.split())


def shortened(text: str, letters: int) -> str:
    """Return a text of at most so many letters, cut at a word and marked."""
    if len(text) <= letters:
        return text
    kept = text[: letters - 1]
    return f"{(kept.rpartition(' ')[0] or kept).rstrip()}…"


# --------------------------------------------------------------------------- who answered


def apart(digest: Digest, texts: Texts) -> str:
    """Return who answered beside those who are counted: organisations, groups, and whoever came late."""
    who = digest.who.apart
    told = [texts.many("digest.who.organisations", who.organisations)] if who.organisations else []
    told += [texts.many("digest.who.groups", who.groups)] if who.groups else []
    told += [] if who.late == 0 else [texts("digest.who.late", n=texts.about(who.late, digest.minimum))]
    return texts("digest.who.apart", list=texts("digest.themes.between").join(told)) if told else ""


def finished(digest: Digest, texts: Texts) -> str:
    """Return how many of those who began came to the end; empty where that is not told."""
    share = digest.who.finished
    if share is None or share.strength in {Strength.HIDDEN, Strength.COUNT} or not share.says:
        return ""
    base = texts.number(share.base or 0)
    if share.band:
        return texts(f"digest.who.finished_{share.band}", edge=texts.percent(share.edge), n=base)
    return texts("digest.who.finished", percent=texts.percent(share.percent or 0), n=base)


def missing(digest: Digest, texts: Texts) -> str:
    """Return the groups that are heard too little; empty where none is."""
    if not digest.who.missing:
        return ""
    key = "digest.who.missing_again" if "missing" in digest.again else "digest.who.missing"
    told = [_group(each, digest.minimum, texts) for each in digest.who.missing]
    return texts(key, list=texts("digest.themes.between").join(told))


def _group(each: Missing, minimum: int, texts: Texts) -> str:
    """A digest that was written with 0 for people who are hidden is read like one that keeps them back."""
    if not each.ratio:
        return texts("digest.who.missing_group_few", group=texts.pick(each.group), minimum=minimum)
    return texts("digest.who.missing_group", group=texts.pick(each.group), ratio=texts.number(each.ratio))


# --------------------------------------------------------------------------- themes


def problems(digest: Digest, texts: Texts, *, brief: bool = False, quotes: int = QUOTED) -> tuple[str, ...]:
    """Return each problem in two lines at most: theme, people, share, change, step, area, one quote.

    `brief` leaves out ranges, and that nothing has changed; only the first `quotes` of them have a quote.
    """
    tell = [_theme] * quotes + [figures] * len(digest.problems)
    told = [
        texts("digest.themes.line", place=texts.number(place), theme=told(each, digest, texts, brief=brief))
        for place, (each, told) in enumerate(zip(digest.problems, tell, strict=False), 1)
    ]
    more = [texts.many("digest.themes.more", digest.more_problems)] if digest.more_problems else []
    return (*told, *more)


def works(digest: Digest, texts: Texts, *, brief: bool = False, quotes: int = QUOTED) -> str:
    """Return the strength to keep, with one quote if there are to be any; empty where nobody named one."""
    told = _theme if quotes else figures
    return told(digest.works, digest, texts, brief=brief) if digest.works else ""


def proposed(digest: Digest, texts: Texts) -> str:
    """Return how many new themes wait for somebody to look at them; empty where none does."""
    told = texts.many("digest.themes.proposed", digest.proposed) if digest.proposed else ""
    return texts("digest.proposals.again", text=told) if told and "proposed" in digest.again else told


def figures(theme: Theme, digest: Digest, texts: Texts, *, brief: bool = False) -> str:
    """Return a theme with its people, their change, its step and area, without a quote."""
    facts = texts("digest.themes.between").join(filter(None, _facts(theme, digest.minimum, texts, brief=brief)))
    return texts("digest.themes.theme", name=short(texts.pick(theme.name, theme.key)), facts=facts)


def _theme(theme: Theme, digest: Digest, texts: Texts, *, brief: bool) -> str:
    told = figures(theme, digest, texts, brief=brief)
    if theme.quote is None:
        return told
    quote = shortened(worded(" ".join(theme.quote.text.split()), texts), BRIEF_QUOTE if brief else QUOTE)
    return f"{told} {texts('digest.voices.quote', text=quote)}"


def _facts(theme: Theme, minimum: int, texts: Texts, *, brief: bool) -> Iterator[str]:
    yield _from(theme.people, texts) if theme.at_least else texts.many("rounds.people", theme.people)
    if theme.organised:
        yield texts.many("digest.themes.organised", theme.campaigns, people=texts.number(theme.organised))
    yield _part(theme.share, texts, brief=brief)
    if theme.compared and theme.before is None:
        yield texts("digest.themes.before_few", minimum=minimum)
    elif theme.compared:
        yield texts("digest.themes.before", n=texts.number(theme.before or 0))
    yield _moved(theme, minimum, texts, brief=brief)
    if theme.step:
        yield texts("digest.themes.step", step=short(texts.pick(theme.step)))
    if theme.area:
        yield texts("digest.themes.area", area=short(texts.pick(theme.area)))


def _part(share: Share, texts: Texts, *, brief: bool) -> str:
    """Return which part of those who wrote raised a theme."""
    if not share.exact:
        return ""
    told = texts.percent(share.percent or 0)
    if brief:
        return texts("digest.themes.share_brief", percent=told)
    low, high = (statistics.points(end or 0.0) for end in (share.low, share.high))
    return texts("digest.themes.share", percent=told, low=low, high=high)


def _moved(theme: Theme, minimum: int, texts: Texts, *, brief: bool) -> str:
    """Return how the part compares with the four weeks before, where what is told settles it."""
    change = theme.change
    if change is None or change.real is None or not change.before.says or (brief and not change.real):
        return ""
    before = change.before
    if before.band:
        told = texts(f"digest.score.{before.band}", edge=texts.percent(before.edge))
    else:
        told = texts.percent(before.percent or 0)
    key = ("grown" if rose(theme, minimum) else "shrunk") if change.real else "level"
    return texts(f"digest.themes.{key}", before=told)


# --------------------------------------------------------------------------- deeds, proposals


def deeds(digest: Digest, texts: Texts) -> tuple[str, ...]:
    """Return what was done, is late, is not done and why, in five lines at most; empty where nothing is kept.

    Lines of the digest before are counted, not told again.
    """
    kept = digest.deeds
    if kept is None or kept.empty:
        return ()
    fresh = [_deed(each, digest, texts) for each in _fresh(digest)]
    same = len(kept.lines) - len(fresh)
    last = [texts.many("digest.deeds.same", same)] if same else []
    last += [texts.many("digest.deeds.more_late", kept.more_late)] if kept.more_late else []
    last += [texts.many("digest.deeds.more", left)] if (left := kept.more - kept.more_late) else []
    if kept.agreed != 0 and "deeds.told" not in digest.again:
        told, most = (texts.about(count, digest.minimum) for count in (kept.told, kept.agreed))
        last += [texts("digest.deeds.told", told=told, most=most)]
    return (*fresh, *([" ".join(last)] if last else [])) or (texts("digest.again"),)


def late(digest: Digest) -> int:
    """Return how many of these lines, the first, say that something is late."""
    return sum(each.stand is Stand.LATE for each in _fresh(digest))


def _fresh(digest: Digest) -> list[Deed]:
    """Return the deeds that the digest before did not tell as they are."""
    lines = digest.deeds.lines if digest.deeds else ()
    return [each for n, each in enumerate(lines) if f"deed.{n}" not in digest.again]


def _deed(deed: Deed, digest: Digest, texts: Texts) -> str:
    what, owner, why = _of(deed, digest, texts), deed.owner, short(_unstopped(deed.outcome))
    if deed.stand is Stand.NOT_DONE:
        return texts("digest.deeds.not_done", what=what, why=why) if why != what else texts("digest.deeds.no", why=why)
    if deed.kind == ANSWER and deed.stand is Stand.DONE:
        return texts("digest.deeds.answered", what=what)
    day = texts("digest.deeds.due", day=texts.day(deed.due_on)) if deed.due_on and deed.stand is not Stand.DONE else ""
    late = texts.many("digest.deeds.days", deed.days) if deed.stand is Stand.LATE else ""
    facts = texts("digest.themes.between").join(filter(None, (owner, day, late)))
    return texts(f"digest.deeds.{deed.stand}" if facts else f"digest.deeds.{deed.stand}_bare", what=what, facts=facts)


def _of(deed: Deed, digest: Digest, texts: Texts) -> str:
    """Return what an action is about, or its words, as they stand inside a sentence."""
    named = texts.pick(deed.about).replace("{service}", texts.pick(digest.name, digest.service))
    return short(_unstopped(deed.words) if not named or "{" in named else named.rstrip(".?؟"))


def _unstopped(text: str) -> str:
    return " ".join(text.split()).removesuffix(".")


def proposals(digest: Digest, texts: Texts) -> tuple[str, ...]:
    """Return what could be done this week."""
    return tuple(
        texts("digest.proposals.again", text=told) if f"proposal.{number}" in digest.again else told
        for number, told in enumerate(_proposal(each, texts) for each in digest.proposals)
    )


def _proposal(each: Proposal, texts: Texts) -> str:
    named: Mapping[str, str] = {
        "name": short(texts.pick(each.name)),
        "stage": texts(f"stage.{each.stage}") if each.stage else "",
        "step": short(texts.pick(each.step)),
        "button": texts("alarm.taken_label"),
    }
    key = f"{each.move}_{each.about}"
    return texts(f"digest.proposals.{key}_step" if each.step else f"digest.proposals.{key}", **named)


def foot(digest: Digest, texts: Texts) -> tuple[str, ...]:
    """Return what was kept too long, what was done to the figures, and what was left out of them."""
    kept, named = digest.foot, machine_named(_names(digest, texts), texts)
    late = texts.many("digest.foot.kept_too_long", digest.kept_too_long) if digest.kept_too_long else ""
    if kept is None:
        return tuple(filter(None, (late, named)))
    told = [
        late,
        texts.many(
            f"digest.foot.{'campaigns_scores' if kept.scores else 'campaigns'}",
            kept.campaigns,
            senders=texts.number(kept.senders),
        )
        if kept.campaigns
        else "",
        texts(
            "digest.foot.about",
            list=texts("digest.themes.between").join(short(texts.pick(name)) for name in kept.about),
        )
        if kept.about
        else "",
        texts(
            f"digest.foot.{'read_none' if kept.themes_wait else 'read'}",
            n=texts.number(kept.read),
            most=texts.number(kept.texts),
        )
        if kept.texts
        else "",
        burst(kept.burst, texts) if kept.burst else "",
        texts.many("digest.foot.deletions", kept.deletions) if kept.deletions else "",
        texts("digest.foot.sampled", n=texts.number(kept.sampled), most=texts.number(kept.written))
        if kept.sampled
        else "",
        texts("digest.foot.resting", list=", ".join(kept.resting)) if kept.resting else "",
        texts("digest.foot.weights") if digest.scores else "",
        named,
    ]
    return tuple(filter(None, told))


def burst(one: Burst, texts: Texts) -> str:
    """Return how many came within a few hours, and when: people may have been called together."""
    on, most = texts.day(one.on), texts.number(one.of)
    if one.people is None:
        return texts.many("digest.foot.burst_nearly", one.hours, most=most, day=on)
    return texts.many("digest.foot.burst", one.hours, people=texts.number(one.people), most=most, day=on)


def _names(digest: Digest, texts: Texts) -> Iterator[str]:
    for theme in (*digest.problems, *([digest.works] if digest.works else [])):
        yield texts.pick(theme.name, theme.key)
