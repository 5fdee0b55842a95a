"""Commands for organisers: `round` with all that can be done to one."""

from __future__ import annotations

import copy
import functools
from dataclasses import asdict
from datetime import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.commands.acting import acting, found_round, member, member_of, off_the_clock, signer
from bot.commands.audience import asked_options, audience, cleared, clearing_options, list_in, list_out, meant, quiet
from bot.commands.common import (
    Moment,
    as_json,
    configured,
    last_moment,
    many,
    moment,
    office,
    show,
    spoken,
    table,
)
from bot.commands.entering import enter
from bot.commands.examples import begun, example, example_option, named
from bot.commands.facts import (
    facts_option,
    fields_of,
    from_file,
    in_tongue,
    laid,
    language_option,
    pair,
    record_option,
    refuse_slips,
    tongue_of,
    with_kept,
)
from bot.commands.keeping import page
from bot.commands.numbers import READER, aim, lines, seen, watch
from bot.commands.places import document, place, poster, standings, unreachable
from bot.errors import Refused, Usage
from bot.rounds.lifecycle import RUNNING, TOLD, State, last_day
from bot.rounds.wording import fault

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from bot.commands.common import Office
    from bot.config import Config
    from bot.digests.results import Result
    from bot.rounds.fairness import Numbers
    from bot.rounds.looking import Awaiting, RoundView
    from bot.rounds.record import Fault
    from bot.texts import Texts
    from storage.entries import Voices
    from storage.trail import Entry, Proof


reason = click.option("--why", default="", help="The reason, kept in the round's log.")
needed_reason = click.option("--why", required=True, help="The reason, kept in the round's log.")


@click.group("round")
def round_() -> None:
    """Make, open, watch and close rounds.

    A round is one flow asked about one service, from a day to a day.
    """


@round_.command()
@click.option("--service", required=True, help="Which service it is about.")
@click.option("--flow", required=True, help="Which flow is asked.")
@click.option("--title", help="What citizens read as its name, in the flow's language. [default: as the record says]")
@click.option("--code", help="Its short name in links and on posters. [default: one made from the title]")
@click.option("--from", "opens", type=Moment(), help="Day or moment it opens. [default: when you open it]")
@click.option("--to", "closes", type=Moment(), help="Day (to its end) or moment it closes.")
@click.option(
    "--audience",
    type=click.Choice(["link", "agreed", "listed"]),
    default="link",
    show_default=True,
    help="Who is asked: whoever has the link, or also those who agreed to be invited again, or a list of the city's.",
)
@asked_options
@example_option
@record_option
@facts_option
@language_option
@acting
@configured
@as_json
def new(config: Config, *, opens: datetime | None, closes: datetime | None, in_json: bool, **given: Any) -> None:  # noqa: ANN401 - options
    """Write a draft, and say what it still needs before it can open."""
    with office(config) as here:
        who = member(here, given["member"], given["service"])
        tongue = tongue_of(here, given["flow"], given["service"], given["language"])
        below, closes = begun(here, given, opens, closes)
        below |= in_tongue(from_file(given["record"]), tongue)
        facts = with_kept(given["facts"], below, fields_of(here, given["flow"], given["service"]))
        record = laid(facts, below, tongue)
        refuse_slips(here, given["flow"], given["service"], record)
        made = here.rounds.create(
            service=given["service"],
            flow=given["flow"],
            title=named(given["title"], record, tongue.own),
            record=record,
            audience=given["audience"],
            opens_at=moment(opens, config.city.zone),
            closes_at=last_moment(closes, config.city.zone),
            code=given["code"],
            whom=meant(given),
            spread_hours=given["spread_hours"],
            remind_at=moment(given["reminds"], config.city.zone),
            who=who,
        )
        _draft(here, made, f"a draft of {made.flow}@{made.version} for {made.service}.", in_json=in_json)
        _hint(here, made.code, aside=in_json)


@round_.command()
@click.argument("code")
@click.option("--title", help="Another name.")
@click.option("--from", "opens", type=Moment(), help="Another day or moment to open.")
@click.option("--to", "closes", type=Moment(), help="Another day or moment to close.")
@click.option("--audience", type=click.Choice(["link", "agreed", "listed"]), help="Another audience.")
@asked_options
@clearing_options
@record_option
@facts_option
@language_option
@click.option("--because", default="", help="Why, kept in the round's log.")
@acting
@configured
@as_json
def change(
    config: Config,
    code: str,
    *,
    opens: datetime | None,
    closes: datetime | None,
    in_json: bool,
    **given: Any,  # noqa: ANN401 - options
) -> None:
    """Change facts of a draft, and say what it still needs. What is said in other languages stays."""
    zone, record = config.city.zone, from_file(given["record"])
    whole = {
        "title": given["title"],
        "opens_at": moment(opens, zone),
        "closes_at": last_moment(closes, zone),
        "audience": given["audience"],
        "whom": meant(given) or None,
        "spread_hours": given["spread_hours"],
        "remind_at": moment(given["reminds"], zone),
    }
    changed: dict[str, Any] = {name: value for name, value in whole.items() if value is not None}
    if both := changed.keys() & cleared(given).keys():
        raise Usage(f"say one of the two: set or clear {', '.join(sorted(both))}.")
    changed |= cleared(given)
    if not (changed or record or given["facts"]):
        raise Usage("say what to change: --title, --from, --to, --audience, --record or --set NAME=TEXT.")
    said = [*(name.removesuffix("_at") for name in changed), *record, *(pair(one)[0] for one in given["facts"])]
    with office(config) as here:
        known = found_round(here, code)
        if record or given["facts"]:
            tongue = tongue_of(here, known.flow, known.service, given["language"])
            facts = with_kept(given["facts"], known.record, fields_of(here, known.flow, known.service))
            changed["record"] = laid(facts, {**known.record, **in_tongue(record, tongue)}, tongue)
            refuse_slips(here, known.flow, known.service, changed["record"])
        who, before = member_of(here, given["member"], code), here.rounds.log(code)
        made = here.rounds.change(code, who=who, why=given["because"], **changed)
        new = here.rounds.log(code)[len(before) :]
        _draft(here, made, _set(said, new), in_json=in_json)


def _set(said: Sequence[str], new: Sequence[Entry]) -> str:
    """Say which of the facts that were given are other than before, by the new entries of the log."""
    fields = {name.removesuffix("_at") for entry in new for name in entry.fields}
    names = [name for name in dict.fromkeys(said) if name in fields or name.partition(".")[0] in fields]
    return f"{', '.join(names)} set." if new else "all of that stood there already: nothing has changed."


@round_.command("list")
@click.option("--service", help="Only of this service.")
@click.option("--state", type=click.Choice([each.value for each in State]), help="Only in this state.")
@configured
@as_json
def list_(config: Config, service: str | None, state: str | None, *, in_json: bool) -> None:
    """List rounds, newest first."""
    if service:
        config.service(service)
    with office(config) as here:
        found = here.rounds.listed([service] if service else None, [state] if state else ())
        waits = here.rounds.awaiting([service] if service else None)
        late = {one.code: here.rounds.overdue(one.state, one.record) for one in found}
    if in_json:
        show([{**asdict(one), **_waiting(waits.get(one.code)), "days_overdue": late[one.code]} for one in found])
    elif not found and (service or state):
        click.echo('There is no such round. See them all: "civicloop round list"')
    elif found:
        rows = [(one.code, one.state, one.service, f"{one.flow}@{one.version}", one.title) for one in found]
        table([("CODE", "STATE", "SERVICE", "FLOW", "TITLE"), *rows])
        for one in found:
            if one.code in waits:
                by = f", written by {', '.join(waits[one.code].writers)}" if waits[one.code].writers else ""
                click.echo(f"{one.code} waits for a second signature{by}: civicloop round approve {one.code} --as NAME")
            if late[one.code]:
                click.echo(f"{one.code}: the result is {many(late[one.code], 'day')} overdue")
    else:
        click.echo('There is no round yet. Make one: "civicloop round new --help"')


def _waiting(one: Awaiting | None) -> dict[str, object]:
    return {"waits_for_signature": one is not None, "written_by": one.writers if one else ()}


@round_.command("show")
@click.argument("code")
@click.option(
    "--qr",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the QR code for a poster into this .svg or .png: of the bot on Telegram, or else of the chat.",
)
@configured
@as_json
def show_(config: Config, code: str, *, qr: Path | None, in_json: bool) -> None:
    """Show a round: its facts, its addresses, its counts, and what was done to it."""
    from bot.doctor import username

    if qr and qr.suffix not in {".svg", ".png"}:
        raise Usage(f"{qr} is neither .svg nor .png.")
    with office(config) as here:
        found = found_round(here, code)
        here.rounds.username = functools.cache(lambda: username(config))
        if qr:
            _draw(here, found.code, qr)
        _shown(here, found, in_json=in_json)


@round_.command()
@click.argument("code")
@click.option("--language", metavar="XX", help="In this language. [default: the city's first]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures into this .csv file.")
@configured
@as_json
def results(config: Config, code: str, *, language: str | None, out: Path | None, in_json: bool) -> None:
    """Show what people want: how they put options in order, divided points, called the best and the last.

    Nothing is told of a few people: scores come in steps, and of an open round so do the people counted.
    """
    from bot.digests.render.sheet import sheet
    from bot.texts import texts

    said = texts(spoken(config, language))
    with office(config) as here:
        found = here.rounds.results(found_round(here, code).code)
    if out:
        _write(out, sheet(found, said))
    if in_json:
        show(found)
    elif not found:
        click.echo(f"{code} asks nobody to put options in order, to divide points, or for best and last.")
    for each in [] if in_json else found:
        _told(each, config.digest.minimum_cell, said)


@round_.command()
@click.argument("code")
@configured
@as_json
def check(config: Config, code: str, *, in_json: bool) -> int:
    """List everything that keeps a round from opening."""
    with office(config) as here:
        faults = here.rounds.check(code)
        if in_json:
            show([asdict(fault) for fault in faults])
        for fault in [] if in_json else faults:
            click.echo(_line(fault))
        if any(fault.field == "flow" for fault in faults) and not in_json:
            click.echo(f'  "civicloop check {found_round(here, code).flow}" lists all errors of its flow.')
        if not faults and not in_json:
            signs = here.rounds.unsigned(code)
            click.echo(f"{code} is complete. {_SIGN}" if signs else f"{code} may open.")
            if signs:
                click.echo(f"  civicloop round approve {code} --as NAME")
        _hint(here, code, aside=in_json)
    return int(bool(faults))


@round_.command()
@click.argument("code")
@acting
@configured
@as_json
def approve(config: Config, code: str, *, member: str | None, in_json: bool) -> None:
    """Sign a round as the second person: then it may open, with the questions as they are now.

    --as says who signs: somebody who may approve for the service. The log says that it was done at the command line,
    and at whose account. Whoever has written or changed a round cannot sign it, and a change takes the signature away.
    A round without an end needs none.
    """
    with office(config) as here:
        who = signer(here, member, code)
        why = f"at the command line, operator {here.rounds.operator}"
        _shown(here, here.rounds.approve(code, who=who, why=why), in_json=in_json)


_same = copy.copy(approve)
_same.hidden = True
round_.add_command(_same, "sign")


@round_.command("open")
@click.argument("code")
@click.option("--watch", "watched", is_flag=True, help="Then show how far the invitations are: see round watch.")
@acting
@configured
@as_json
def open_(config: Config, code: str, *, watched: bool, member: str | None, in_json: bool) -> None:
    """Open a round now, or schedule it where its day lies ahead."""
    with office(config) as here:
        opened = here.rounds.open(code, who=member_of(here, member, code))
        _shown(here, opened, in_json=in_json)
        _hint(here, code, aside=in_json)
        unreachable(here)
        if watched and opened.state == State.OPEN:
            seen(here, code, in_json=in_json)


@round_.command()
@click.argument("code")
@click.option("--to", "closes", type=Moment(), required=True, help="The later day (to its end) or moment.")
@click.option("--decided-on", default="", metavar="DAY", help="A later day of the decision, where it has to move too.")
@click.option("--feedback-on", default="", metavar="DAY", help="A later day on which the result is published.")
@needed_reason
@acting
@configured
@as_json
def extend(  # noqa: PLR0913 - options
    config: Config,
    code: str,
    *,
    closes: datetime,
    decided_on: str,
    feedback_on: str,
    why: str,
    member: str | None,
    in_json: bool,
) -> None:
    """Let a round close later.

    Once it has begun, answers are kept until the day that people were told, and no longer. One that was to open by
    itself is a draft again.
    """
    later = last_moment(closes, config.city.zone)
    if later is None:
        raise Usage("say to which day: --to 2026-12-31")
    with office(config) as here:
        days = {"decided_on": decided_on, "feedback_on": feedback_on}
        longer = here.rounds.extend(code, later, who=member_of(here, member, code), why=why, days=days)
        _shown(here, longer, in_json=in_json)
        if longer.state in RUNNING and longer.record.get("keep_until"):
            click.echo(f"Answers are kept until {here.rounds.kept_until(code)}, as people were told.", err=in_json)


@round_.command()
@click.argument("code")
@needed_reason
@acting
@configured
@as_json
def pause(config: Config, code: str, *, why: str, member: str | None, in_json: bool) -> None:
    """Let an open round rest: nobody is invited or reminded, and no answers are taken."""
    with office(config) as here:
        _shown(here, here.rounds.pause(code, who=member_of(here, member, code), why=why), in_json=in_json)


@round_.command()
@click.argument("code")
@reason
@acting
@configured
@as_json
def resume(config: Config, code: str, *, why: str, member: str | None, in_json: bool) -> None:
    """Let a paused round go on where it was."""
    with office(config) as here:
        _shown(here, here.rounds.resume(code, who=member_of(here, member, code), why=why), in_json=in_json)


@round_.command()
@click.argument("code")
@reason
@acting
@configured
@as_json
def close(config: Config, code: str, *, why: str, member: str | None, in_json: bool) -> None:
    """Close a round now; invitations not yet sent stay unsent."""
    with office(config) as here:
        _shown(here, here.rounds.close(code, who=member_of(here, member, code), why=why), in_json=in_json)


@round_.command()
@click.argument("code")
@needed_reason
@click.option("--also", multiple=True, metavar="XX=TEXT", help="The same reason in another language.")
@click.option(
    "--language",
    metavar="XX",
    help="In which language --why is. [default: that of who acts with --as, else the round's]",
)
@acting
@configured
@as_json
def cancel(
    config: Config,
    code: str,
    *,
    why: str,
    also: tuple[str, ...],
    language: str | None,
    member: str | None,
    in_json: bool,
) -> None:
    """Give a round up before it has closed: nobody is asked any more, and nothing comes of it. The reason is public."""
    with office(config) as here:
        found, others = found_round(here, code), dict(map(pair, also))
        who = member_of(here, member, code)
        written = language or here.rounds.written_by(found.code, who)
        spoken_ = here.rounds.played(found.code).languages
        if strange := sorted({*others, *([language] if language else [])}.difference(spoken_)):
            raise Usage(f'{code} is not asked in "{strange[0]}".')
        if written in others:
            raise Usage(f'both --why and --also are in "{written}": say with --language in which --why is.')
        ended = here.rounds.cancel(code, who=who, why=why, language=written, translated=others)
        _shown(here, ended, in_json=in_json)


@round_.command("report-back")
@click.argument("code")
@click.option(
    "--text", "texts", multiple=True, required=True, metavar="XX=TEXT", help="The report in a language; @FILE reads it."
)
@click.option("--signed", required=True, metavar="NAME", help="Name and office of the person who answers for it.")
@acting
@configured
@as_json
def report_back(
    config: Config, code: str, *, texts: tuple[str, ...], signed: str, member: str | None, in_json: bool
) -> None:
    """Publish what people said, what we do and what we do not, and send it to all who wished for it."""
    report = {language: text_given(text) for language, text in (pair(each) for each in texts)}
    with office(config) as here:
        _shown(
            here,
            here.rounds.report_back(code, report, who=member_of(here, member, code), signed=signed),
            in_json=in_json,
        )


@round_.command()
@click.argument("codes", nargs=-1)
@click.option("--head", metavar="HASH", help="A hash that was noted earlier: it must still stand in the round's log.")
@configured
@as_json
def verify(config: Config, *, codes: tuple[str, ...], head: str | None, in_json: bool) -> int:
    """Prove that the logs of rounds are unbroken, and the rounds as their logs say; without CODES, of all rounds.

    Whoever changes or slips in a line, or removes one with others behind it, breaks the log from there on; whoever
    changes a round in the database, or how staff took answers down, is found by the field, even after later acts. Its
    questions, documents and places are compared, too, and from when it closes how many it asked, its answers, and its
    published results: a change, a loss or an addition is named. Answers that people have deleted, or that are past
    their date, leave a line and break nothing.

    Two things no log shows of itself: that its last lines are cut off, where nothing else changed with them, and that
    all of it was written anew. Note its last hash on paper, let somebody else keep it, or take it from the bot's own
    log, which has a line round.log for it within a minute: with --head that hash must still stand in the round's log.
    """
    if head is not None and len(codes) != 1:
        raise Usage("say of which round the hash is: civicloop round verify CODE --head HASH")
    with office(config) as here:
        names = codes or tuple(one.code for one in here.rounds.listed())
        proofs = {found_round(here, code).code: here.rounds.prove(code) for code in names}
        lost = head is not None and not here.rounds.holds(codes[0], head)
    if in_json:
        show({code: {**asdict(proof), "whole": proof.whole and not lost} for code, proof in proofs.items()})
    for code, proof in {} if in_json else proofs.items():
        click.echo(f"{code}: {_proven(proof, lost=lost)}")
    if not proofs and not in_json:
        click.echo("There is no round yet, and so no log.")
    return int(lost or not all(proof.whole for proof in proofs.values()))


def _proven(proof: Proof, *, lost: bool) -> str:
    """Return what a look at a round's log has shown, in one line."""
    if proof.broken is not None:
        return f"BROKEN from line {proof.broken} on: it was changed, removed or slipped in after it was written."
    if named := [name for name in proof.altered if name != "questions"]:
        which = ", ".join(name for name in named if name != "round")
        return f"BROKEN: the round is not as its log says; changed without a line: {which or 'it is not told what'}."
    if proof.altered:
        return "BROKEN: the questions are not those the round opened with."
    if lost:
        return "BROKEN: the hash you noted does not stand in its log; the log was cut off or written anew."
    deleted = f" {many(proof.deletions, 'participant')} had answers deleted since." if proof.deletions else ""
    return f"unbroken, {many(proof.entries, 'line')} long.{deleted} Its last hash: {proof.head}"


for _command in (audience, example, list_in, list_out, document, place, poster, page, enter, aim, watch):
    round_.add_command(_command)


# --------------------------------------------------------------------------- what goes in and out


def _draw(here: Office, code: str, path: Path) -> None:
    """Write the QR code of the round's first address."""
    from bot.rounds.links import qr_png, qr_svg

    address = here.rounds.deep_link(code) or here.rounds.chat_url(code)
    try:
        path.write_bytes(qr_png(address) if path.suffix == ".png" else qr_svg(address).encode())
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"{path}: {address}", err=True)
    if address == here.rounds.chat_url(code):
        unreachable(here)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8-sig", newline="")
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(str(path), err=True)


def _told(result: Result, minimum: int, said: Texts) -> None:
    """Print one question with what people want: sentences, then a table."""
    from bot.digests.render.told import wanted

    told = wanted(result, minimum, said)
    click.echo(f"{told.question}\n{' '.join(told.sentences)}")
    if told.rows:
        table([told.columns, *told.rows])
    click.echo()


def _addresses(here: Office, code: str) -> dict[str, str]:
    addresses = {"page": here.rounds.page_url(code), "chat": here.rounds.chat_url(code)}
    link = here.rounds.deep_link(code)
    return {**addresses, "telegram": link} if link else addresses


_COUNTED = ("invited", "started", "active", "finished", "answers", "individuals", "told", "clear", "partly", "unclear")


def _data(here: Office, one: RoundView) -> dict[str, Any]:
    """Return all that is known of a round, for programs."""
    counts = here.rounds.counts(one.code)
    numbers = {name: getattr(counts, name) for name in _COUNTED}
    moves = [{"from": origin, "to": to, "count": count} for (origin, to), count in counts.moves.items()]
    log = [_entry(each) for each in here.rounds.log(one.code)]
    places = [{**asdict(each), "short": here.rounds.short_url(each.code)} for each in here.rounds.places(one.code)]
    known = {
        "counts": {**numbers, "moves": moves},
        "voices": here.rounds.voices(one.code),
        "numbers": here.rounds.numbers(one.code, READER),
        "evaluation": _evaluated(here, one),
        "days_overdue": here.rounds.overdue(one.state, one.record),
        "places": places,
        "results": here.rounds.results(one.code),
        "log": log,
    }
    return {**asdict(one), **_addresses(here, one.code), **known}


def _entry(each: Entry) -> dict[str, Any]:
    """Return an entry of a round's log, for programs."""
    said = {name: getattr(each, name) for name in ("number", "at", "who", "operator", "what", "why")}
    return {**said, "changed": each.changed, "hash": each.hash.hex()}


def shown(here: Office, code: str, *, in_json: bool) -> None:
    """Print a round as it is now."""
    _shown(here, found_round(here, code), in_json=in_json)


def _shown(here: Office, one: RoundView, *, in_json: bool) -> None:
    off_the_clock(here, one.code, aside=in_json)
    if in_json:
        show(_data(here, one))
        return
    counts, zone = here.rounds.counts(one.code), here.config.city.zone
    click.echo(f"{one.code}: {one.title}")
    click.echo(f"  {one.state}, {one.flow}@{one.version} for {one.service}, audience {one.audience}")
    for name, at in (("opens", one.opens_at), ("closes", one.closes_at)):
        if at:
            click.echo(f"  {name} {_at(at.astimezone(zone), zone, ends=name == 'closes')}")
    for name, address in _addresses(here, one.code).items():
        click.echo(f"  {name}: {address}")
    click.echo(
        f"  invited {counts.invited}, started {counts.started}, finished {counts.finished}, answers {counts.answers}"
        + (f", of individuals {counts.individuals}" if counts.individuals != counts.answers else "")
    )
    numbers = here.rounds.numbers(one.code, READER)
    gone = [f"had answers deleted since the end: {numbers.deleted} or more"] if numbers.deleted else []
    for line in [
        *_apart(numbers.voices),
        *_organised(numbers),
        *gone,
        *(lines(numbers) if numbers.started or numbers.wanted else ()),
        *_late(here, one),
        *(f"by its end: {line}" for line in _evaluated(here, one)),
    ]:
        click.echo(f"  {line}")
    if left := here.rounds.borrowed(one.code):
        click.echo(f"  {fault('en', 'example_words', names=', '.join(left))}")
    for standing in standings(here, one.code):
        click.echo(f"  {standing}")
    for want in _wants(here.rounds.results(one.code), here.config):
        click.echo(f"  {want}")
    for line, times in here.rounds.told(one.code):
        often = f" {times} times" if times > 1 else ""
        fields = ", ".join(line.fields) if line.what == "changed" else ""
        why = "".join(f": {said}" for said in (fields, line.reason) if said)
        click.echo(f"  {line.at.astimezone(zone):%Y-%m-%d %H:%M} {line.what}{often} by {line.who}{why}")


def _at(at: datetime, zone: ZoneInfo, *, ends: bool) -> str:
    """Return a moment; an end at midnight as that of the day before."""
    if ends and at.time() == time():
        return f"{last_day(at, zone)} 24:00"
    return f"{at:%Y-%m-%d %H:%M}"


def _apart(voices: Voices) -> list[str]:
    """Return a line on groups and organisations, and one on what came late: they are counted apart."""
    late = [f"after the last day came {voices.late}"] if voices.late else []
    declared = [f"said that they answer for a group or organisation: {voices.declared}"] if voices.declared else []
    return [*_together(voices), *declared, *late]


def _late(here: Office, one: RoundView) -> list[str]:
    """Return a line on a result that is late."""
    days = here.rounds.overdue(one.state, one.record)
    return [f"the result is {many(days, 'day')} overdue"] if days else []


def _evaluated(here: Office, one: RoundView) -> list[str]:
    """Return what is known of a round by its end; nothing before."""
    return here.rounds.evaluation(one.code, READER) if one.state in TOLD else []


def _organised(numbers: Numbers) -> list[str]:
    """Return a line on the texts of campaigns, where any were found."""
    one = numbers.organised
    of = f"{many(one.texts, 'text')} from {one.people} people in {many(one.campaigns, 'campaign')}"
    return [f"{of} (near-identical), counted apart"] if one.campaigns else []


def _together(voices: Voices) -> list[str]:
    if not (voices.groups or voices.organisations):
        return []
    groups = f"{many(voices.groups, 'group')} of {many(voices.heads, 'head')} together"
    told = f"finished by {many(voices.individuals, 'individual')}, {groups}, "
    names = ", ".join(filter(None, voices.organisations))
    return [f"{told}{many(len(voices.organisations), 'organisation')}{names and f': {names}'}"]


def _wants(results: Sequence[Result], config: Config) -> list[str]:
    """Return what people want, a line a question; the tables are shown by `round results`."""
    from bot.digests.render.told import wanted
    from bot.texts import texts

    said = texts(config.city.languages[0])
    return [" ".join(wanted(one, config.digest.minimum_cell, said).sentences) for one in results]


_OPTIONS = {"closes_at": "--to", "audience": "--audience"}
"""Facts of a round that are no fields of its record, as they are typed."""


def _line(fault: Fault) -> str:
    """Name the field at fault as it is typed, once."""
    named = not fault.field or fault.message.startswith(fault.field)
    return fault.message if named else f"{_OPTIONS.get(fault.field, fault.field)}: {fault.message}"


_SIGN = "Before it opens, somebody who may approve rounds and has not written it signs it:"


def _draft(here: Office, made: RoundView, said: str, *, in_json: bool) -> None:
    """Print what was done to a draft, what keeps it from opening, and the next command."""
    faults = here.rounds.check(made.code)
    off_the_clock(here, made.code, aside=in_json, next_too=False)
    if in_json:
        show({**_data(here, made), "faults": [asdict(fault) for fault in faults]})
    else:
        click.echo(f"{made.code}: {said}")
        for fault in faults:
            click.echo(f"  {_line(fault)}")
        day = " --to 2026-12-31" if any(fault.field == "closes_at" for fault in faults) else ""
        signs = here.rounds.unsigned(made.code)
        if faults:
            after = (
                "Put that right, then let a second person sign it and open it:"
                if signs
                else "Put that right, then open it:"
            )
            click.echo(f"{after}\n  civicloop round change {made.code}{day} --set NAME=TEXT")
        else:
            click.echo(f"It is complete. {_SIGN}" if signs else "It may open:")
        if signs:
            click.echo(f"  civicloop round approve {made.code} --as NAME")
        click.echo(f"  civicloop round open {made.code}")
        last = here.rounds.log(made.code)[-1]
        if signs and last.by is None:
            click.echo(f"(The log names the writer as {last.who}; to be named yourself, give --as NAME)")


def _hint(here: Office, code: str, *, aside: bool) -> None:
    """Print what does not keep a round from opening and should be known; `aside`: beside what programs read."""
    for hint in filter(None, [*here.rounds.hints(code), here.rounds.untranslated(code, READER)]):
        click.echo(f"({hint})", err=aside)


def text_given(given: str) -> str:
    """Return a text, or what the file holds that `@FILE` names."""
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{given[1:]} cannot be read as a text.") from error


COMMANDS = (round_, quiet)
