"""What a service does about what it was told, and who hears of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from bot.actions.acting import Draft, Unfit
from bot.actions.telling import Letter, load
from bot.digests.weeks import Week
from bot.digests.writing import Digests
from bot.rounds.library import Library
from storage import actions, answers, campaigns, contacts, entries, people, rounds, tables, themes
from storage.actions import ANSWER, ASK, ASKED, FIX, ISSUE, NOT_US, SCORE, THEME, TOLD, Origin
from storage.entries import Entry
from tests.bot.actions.scene import CONTENT, WEEK, draft, scene, sent
from tests.bot.channels.web.stage import NOW, Program, program
from tests.bot.channels.web.test_public_pages import FORMAL
from tests.bot.digests.intruder import MANY, Intruder
from tests.bot.digests.test_intruder import told
from tests.storage.makers import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from storage.actions import Action
    from tests.bot.actions.scene import Scene


@pytest.fixture
def it(tmp_path: Path) -> Iterator[Program]:
    made = program(tmp_path)
    yield made
    made.database.close()


def done(of: Scene, plan: Draft) -> Action:
    with of.it.database.transaction() as db:
        return of.acts.do(db, plan, of.manager, of.it.now)


def refused(of: Scene, plan: Draft) -> str:
    with pytest.raises(Unfit) as error, of.it.database.transaction() as db:
        of.acts.do(db, plan, of.manager, of.it.now)
    with of.it.database.reading() as db:
        assert actions.of(db, "library") == []
    assert sent(of.it) == []
    return error.value.key


def test_an_answer_goes_to_those_who_raised_it_and_agreed_and_is_counted_first(it: Program) -> None:
    of = scene(it, others=CONTENT)
    with it.database.reading() as db:
        seen = of.acts.preview(db, draft(of), NOW)
    assert (seen.raised, seen.reach.agreed, seen.going, seen.about) == (20, 14, 14, 15)
    assert sent(it) == []
    row = done(of, draft(of))
    assert (row.state, row.raised, row.agreed, row.told) == ("done", 20, 14, 14)
    told = sent(it)
    assert {contact for contact, _ in told} == {one.id for one in of.who[:14]}
    assert all("We open a second desk." in body and "STOP" in body and "Ada" not in body for _, body in told)
    with it.database.reading() as db:
        assert actions.linked(db, row.id, TOLD) == {one.id for one in of.who[:14]}


def test_how_many_raised_it_stays_hidden_where_the_digest_hides_it(it: Program) -> None:
    """30 good of 50 is told: with the 18 bad ones, the two in the middle would be known."""
    of = scene(it, others=["5"] * 30 + ["3"] * 2)
    with it.database.reading() as db:
        seen = of.acts.preview(db, draft(of), NOW)
    assert (seen.raised, seen.going, seen.about) == (None, 14, 15)
    row = done(of, draft(of))
    assert (row.raised, row.agreed, row.told) == (None, 14, 14)
    fix = done(of, draft(of, FIX))
    assert (fix.raised, fix.agreed) == (None, 14)
    with it.database.transaction() as db:
        assert of.acts.foresee(db, fix, NOW).raised is None
        ended = of.acts.settle(db, fix, "done", "The desk is open.", of.manager, NOW, tell=True)
    assert (ended.raised, ended.told) == (None, 14)


@pytest.mark.parametrize(("wish", "about"), [(18, 20), (17, 15), (14, 15), (12, 10), (5, 5), (4, None)])
def test_the_few_who_do_not_hear_of_it_do_not_follow_from_how_many_do(
    it: Program, wish: int, about: int | None
) -> None:
    of = scene(it, wish=wish, others=CONTENT)
    with it.database.reading() as db:
        seen = of.acts.preview(db, draft(of), NOW)
    assert (seen.raised, seen.going, seen.about) == (20, wish, about)


def test_who_sent_stop_or_is_gone_hears_nothing_and_counts_as_not_told(it: Program) -> None:
    of = scene(it)
    with it.database.transaction() as db:
        contacts.set_stopped(db, of.who[0].id, NOW)
        contacts.set_unreachable(db, of.who[1].id, NOW)
    row = done(of, draft(of))
    assert (row.agreed, row.told) == (14, 12)
    assert not {of.who[0].id, of.who[1].id} & {contact for contact, _ in sent(it)}


def test_at_night_it_waits_for_the_morning(it: Program) -> None:
    of = scene(it)
    it.now = NOW.replace(hour=23)
    done(of, draft(of))
    assert sent(it) == []
    it.now = (NOW + DAY).replace(hour=12)
    assert len(sent(it)) == 14


def test_each_reads_it_in_their_language_or_with_a_note_which_one_it_is(it: Program) -> None:
    of = scene(it, languages=("en", "es", "pt"))
    done(of, draft(of, letter=Letter({"en": "A second desk.", "es": "Otro mostrador."})))
    told = dict(sent(it))
    assert "A second desk." in told[of.who[0].id]
    assert "Otro mostrador." in told[of.who[1].id]
    assert "A second desk." in told[of.who[2].id]
    assert "Língua: English" in told[of.who[2].id]
    assert "Idioma" not in told[of.who[1].id]


@pytest.mark.parametrize("kind", [ANSWER, ASK])
def test_words_to_fewer_people_than_the_minimum_would_single_them_out(it: Program, kind: str) -> None:
    of = scene(it, raised=4, wish=4, again=4)
    assert refused(of, draft(of, kind)) == "few"


def test_nobody_is_told_who_did_not_agree(it: Program) -> None:
    of = scene(it, wish=0)
    assert refused(of, draft(of)) == "nobody"


def test_running_feedback_asks_for_no_wish_so_who_may_be_written_to_again_hears(it: Program) -> None:
    of = scene(it, wish=2, again=9)
    assert done(of, draft(of)).told == 9


def test_where_the_wish_is_asked_for_nothing_else_stands_for_it(it: Program) -> None:
    of = scene(it, wish=6, again=9, **FORMAL)
    assert done(of, draft(of)).told == 6


def test_of_free_words_nobody_can_tell_who_said_them(it: Program) -> None:
    of = scene(it)
    assert refused(of, replace(draft(of), source=ISSUE, origin=Origin("Parking"))) == "unknown"


def test_once_the_key_of_a_round_is_gone_nobody_can_be_told(it: Program) -> None:
    of = scene(it)
    with it.database.transaction() as db:
        rounds.change(db, of.round.id, key_sealed=None)
    assert refused(of, draft(of)) == "nobody"


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        ({"words": " "}, "no_words"),
        ({"words": "x" * 301}, "long_words"),
        ({"letter": Letter()}, "no_text"),
        ({"letter": Letter({"en": "x" * 2001})}, "long_text"),
        ({"kind": ASK, "letter": Letter({"en": "When?"}, {"en": ("Late",)})}, "choices"),
        ({"kind": ASK, "letter": Letter({"en": "When?"}, {"en": tuple("abcde")})}, "choices"),
        ({"kind": ASK, "letter": Letter({"en": "A", "es": "B"}, {"en": ("a", "b"), "es": ()})}, "choices"),
        ({"kind": NOT_US, "words": ""}, "no_reason"),
        ({"kind": FIX, "due_on": "soon"}, "bad_day"),
        ({"kind": FIX, "due_on": "2026-11-21"}, "past_day"),
        ({"kind": FIX, "owner": 4711}, "no_owner"),
        ({"kind": "praise"}, "no_origin"),
        ({"source": THEME, "origin": Origin("99", since="2026-11-16", until="2026-11-23")}, "no_origin"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_written(
    it: Program, facts: dict[str, object], fault: str
) -> None:
    of = scene(it)
    assert refused(of, replace(draft(of), **facts)) == fault  # type: ignore[arg-type]  # facts of many types


@pytest.mark.parametrize(
    ("source", "name", "week", "fault"),
    [
        ("rumour", "x", WEEK, "no_origin"),
        (SCORE, "del.nothing", WEEK, "no_origin"),
        (THEME, "9" * 21, WEEK, "no_origin"),
        (SCORE, "del.overall", "9999-W52", "no_week"),
        (SCORE, "del.overall", "2026-W99", "no_week"),
        (SCORE, "del.overall", "2026-W47", "early"),
    ],
)
def test_an_address_that_names_nothing_is_refused(it: Program, source: str, name: str, week: str, fault: str) -> None:
    with pytest.raises(Unfit) as error:
        scene(it, raised=0).acts.origin(source, name, week, NOW)
    assert error.value.key == fault
    assert error.value.spoken("de") != error.value.spoken("en")


def test_the_same_form_acts_once(it: Program) -> None:
    of = scene(it)
    first, second = (done(of, draft(of, form="7:chance")) for _ in range(2))
    assert first == second
    assert len(sent(it)) == 14


def test_who_raised_a_theme_is_told_of_it(it: Program) -> None:
    of = scene(it, raised=6, wish=6)
    with it.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "waiting")
        assert theme is not None
        for said in answers.texts(db, "library", NOW - 9 * DAY, NOW, 99):
            themes.correct(db, theme, said.id, None, NOW, fits=True)
        about = of.acts.origin(THEME, str(theme.id), WEEK, NOW)
        named = of.acts.named(db, "library", THEME, about, "en")
        assert named == "Waiting (both sides: what works, and problems)"
        row = of.acts.do(db, replace(draft(of), source=THEME, origin=about), of.manager, NOW)
    assert (row.raised, row.told) == (5, 6)


def test_of_a_theme_some_praise_and_others_complain_of_each_side_is_told_apart(it: Program) -> None:
    """Nine scored badly and nine well: whoever praises gets no apology, and no question about what went wrong."""
    of = scene(it, raised=18, wish=18, again=18)
    with it.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "waiting")
        assert theme is not None
        said = answers.texts(db, "library", NOW - 9 * DAY, NOW, 99)
        for one in said:
            themes.correct(db, theme, one.id, None, NOW, fits=True)
        rated = tables.answers
        scored = [each for (each,) in db.execute(select(rated.c.id).where(rated.c.verb == "rate").order_by(rated.c.id))]
        db.execute(update(rated).where(rated.c.id.in_(scored[:9])).values(choice="5", score=5.0))
        listed = of.acts.subjects(db, "library", WEEK, "en")[1:]
        assert [(each.name, each.label) for each in listed] == [
            (f"{theme.id}.others", "Waiting"),
            (f"{theme.id}.well", "Waiting (what works)"),
        ]
        for name, going in ((str(theme.id), 18), (listed[0].name, 9), (listed[1].name, 9)):
            about = of.acts.origin(THEME, name, WEEK, NOW)
            for kind in (ANSWER, ASK):
                plan = replace(draft(of, kind, letter=Letter({"en": "Where was it?"})), source=THEME, origin=about)
                assert of.acts.preview(db, plan, NOW).going == going
            by = of.acts.filters(db, THEME, about, WEEK)
            shown = of.acts.behind.open(db, "library", by, "Ada", "en", NOW).answers
            assert len(shown) == going
            if going == 9:
                good = about.side == "well"
                assert {each.score == "Very good" for each in shown} == {good}
            lines, _ = of.acts.behind.newest(db, "library", by, "Ada", "en", NOW)
            assert all(line.partition(" · ")[2] in {"Very good", "Poor", "Very poor"} for line in lines)


@pytest.mark.parametrize("side", ["others", "well"])
def test_the_end_of_an_action_is_told_to_the_side_of_the_theme_that_gave_rise_to_it(it: Program, side: str) -> None:
    of = scene(it, raised=18, wish=18)
    with it.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "waiting")
        assert theme is not None
        for one in answers.texts(db, "library", NOW - 9 * DAY, NOW, 99):
            themes.correct(db, theme, one.id, None, NOW, fits=True)
        rated = tables.answers
        scored = [each for (each,) in db.execute(select(rated.c.id).where(rated.c.verb == "rate").order_by(rated.c.id))]
        db.execute(update(rated).where(rated.c.id.in_(scored[:9])).values(choice="5", score=5.0))
        about = of.acts.origin(THEME, f"{theme.id}.{side}", WEEK, NOW)
        row = of.acts.do(db, Draft("library", FIX, THEME, about, "A second desk"), of.manager, NOW)
        assert of.acts.foresee(db, row, NOW).going == 9
        ended = of.acts.settle(db, row, "done", "Sorry: there is a second desk.", of.manager, NOW, tell=True)
    assert (ended.raised, ended.told) == (row.raised, 9)
    content = {one.id for one in of.who[:9]}
    assert {contact in content for contact, _ in sent(it)} == {side == "well"}


def test_of_a_score_without_bad_answers_those_raised_it_whose_answer_does_not_count_as_good(it: Program) -> None:
    """Nobody who saw what became of earlier answers is told of the mending, and none of these answers is shown."""
    of = scene(it, raised=18)
    with it.database.transaction() as db:
        chosen = tables.answers
        rated = chosen.c.verb == "rate"
        db.execute(update(chosen).where(rated).values(item="ren.told", stage="renew", choice="no", score=None))
        ids = [each for (each,) in db.execute(select(chosen.c.id).where(rated).order_by(chosen.c.id))]
        db.execute(update(chosen).where(chosen.c.id.in_(ids[:6])).values(choice="clear"))
        db.execute(update(chosen).where(chosen.c.id.in_(ids[6:8])).values(choice="not_clear"))
        about = of.acts.origin(SCORE, "ren.told", WEEK, NOW)
        assert of.acts.named(db, "library", SCORE, about, "en").endswith("– Yes, but it was not clear or No")
        by = of.acts.filters(db, SCORE, about, WEEK)
        shown = of.acts.behind.open(db, "library", by, "Ada", "en", NOW).answers
        assert {each.answer for each in shown} == {"Yes, but it was not clear", "No"}
        row = of.acts.do(db, replace(draft(of), origin=about), of.manager, NOW)
    assert (row.raised, row.told) == (10, 8)
    assert {contact for contact, _ in sent(it)} == {one.id for one in of.who[6:14]}


def test_of_a_theme_that_a_campaign_is_about_too_how_many_raised_it_is_not_told(it: Program) -> None:
    """The digest tells 7 people of their own and hides the two senders: 9 in all would give them back."""
    of = scene(it, raised=9, wish=9)
    with it.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "waiting")
        assert theme is not None
        said = answers.texts(db, "library", NOW - 9 * DAY, NOW, 99)
        for one in said:
            themes.correct(db, theme, one.id, None, NOW, fits=True)
        about = of.acts.origin(THEME, str(theme.id), WEEK, NOW)
        plan = replace(draft(of), source=THEME, origin=about)
        assert of.acts.preview(db, plan, NOW).raised == 10
        campaigns.note(db, "library", NOW, NOW, [(one.id, 1) for one in said[:2]])
        seen = of.acts.preview(db, plan, NOW)
    assert (seen.raised, seen.about) == (None, 10)


def test_how_many_raised_a_theme_is_not_told_where_some_are_no_voices_of_one_person(it: Program) -> None:
    """The digest tells 7 people, and counts the 2 who came late apart: 9 in all would give them back."""
    of = scene(it, raised=9, wish=9)
    with it.database.transaction() as db:
        themes.add(db, "library", [("waiting", {"en": "Waiting"})], themes.MANAGER, NOW)
        theme = themes.by_key(db, "library", "waiting")
        assert theme is not None
        for one in answers.texts(db, "library", NOW - 9 * DAY, NOW, 99):
            themes.correct(db, theme, one.id, None, NOW, fits=True)
        plan = replace(draft(of), source=THEME, origin=of.acts.origin(THEME, str(theme.id), WEEK, NOW))
        assert of.acts.preview(db, plan, NOW).raised == 10
        assert [one.source for one in of.acts.subjects(db, "library", WEEK, "en")] == [SCORE, THEME]
        late(db, of, 2)
        seen = of.acts.preview(db, plan, NOW)
        late(db, of, 5, already=2)
        assert of.acts.subjects(db, "library", WEEK, "en") == []
    assert (seen.raised, seen.going, seen.about) == (None, 9, 10)


def test_organisations_among_those_who_scored_badly_open_no_total_that_the_digest_hides(it: Program) -> None:
    """The digest hides the side of the 3 people beside 33 others; with 12 organisations it would be told as 15."""
    of = scene(it, raised=15, others=["5"] * 33)
    with it.database.transaction() as db:
        assert of.acts.preview(db, draft(of), NOW).raised == 15
        late(db, of, 12, kind="organisation")
        seen = of.acts.preview(db, draft(of), NOW)
    assert (seen.raised, seen.going) == (None, 14)


def late(db: Connection, of: Scene, people: int, *, already: int = 0, kind: str = "individual") -> None:
    """Let the answers of so many count as taken down by staff, for many or late."""
    for one in of.who[already:people]:
        entries.add(db, Entry(one.id, of.round.id, None, kind, 1, "", NOW, late=kind == "individual"))


def test_the_answers_that_are_shown_are_those_that_gave_rise_to_it(it: Program) -> None:
    """The bad ones of a score; of a theme that has gone into another those of the other."""
    of = scene(it, raised=3, others=CONTENT)
    with it.database.transaction() as db:
        themes.add(db, "library", [("slow", {"en": "Slow"}), ("wait", {"en": "Waiting"})], themes.MANAGER, NOW)
        slow, wait = themes.codebook(db, "library")
        (said,) = db.execute(select(tables.answers.c.id).where(tables.answers.c.verb == "ask").limit(1)).scalars()
        themes.keep(db, [themes.Reading(said, "library", None, "en", "test", NOW)])
        themes.settle(db, themes.revision(db, "library"), [said], [themes.Sorted(said, slow.id, 0.9)])
        themes.merge(db, slow, wait)
        shown = []
        for source, name in ((SCORE, "del.overall"), (THEME, str(slow.id))):
            by = of.acts.filters(db, source, of.acts.origin(source, name, WEEK, NOW), WEEK)
            shown.append(of.acts.behind.newest(db, "library", by, "Ada", "en", NOW)[0])
    assert [[line.partition(" · ")[0] for line in each] for each in shown] == [
        ["Poor", "Very poor", "Poor"],
        ["I stood there for 0 minutes"],
    ]


def test_what_is_not_ours_is_kept_and_told_where_people_agreed(it: Program) -> None:
    of = scene(it)
    row = done(of, draft(of, NOT_US, "The state owns the road.", letter=Letter(), body="State road office"))
    assert (row.state, row.outcome, row.told) == ("not_done", "The state owns the road.", 14)
    assert all("The state owns the road." in body and "State road office" in body for _, body in sent(it))


def test_what_is_not_ours_is_kept_where_nobody_can_be_told(it: Program) -> None:
    of = scene(it, raised=3, wish=3)
    row = done(of, draft(of, NOT_US, "The state owns the road."))
    assert (row.state, row.raised, row.agreed, row.told) == ("not_done", None, 0, 0)
    assert sent(it) == []


class TestWhoOwnsIt:
    def owner(self, of: Scene) -> int:
        with of.it.database.transaction() as db:
            kim = people.add(db, "Kim", "en", NOW)
            people.grant(db, kim.id, "organiser", "library", NOW)
            keys = of.it.keys
            new = contacts.NewContact("web", keys.address_hash("web", "kim"), keys.seal("kim"), "en", NOW, kim.id)
            contacts.add(db, [new])
        return kim.id

    def test_they_are_told_and_nobody_else(self, it: Program) -> None:
        of = scene(it)
        row = done(of, draft(of, FIX, owner=self.owner(of), due_on="20261201"))
        assert (row.state, row.owner, row.agreed, row.told) == ("open", "Kim", 14, 0)
        assert row.due_on == "2026-12-01"  # as days are compared, however it was typed
        ((_, body),) = sent(it)
        assert "Ada gives you an action of Central Library: “A second desk.”. It is due on" in body

    def test_it_can_be_given_on_with_another_day(self, it: Program) -> None:
        of = scene(it)
        kim = self.owner(of)
        row = done(of, draft(of, FIX, owner=of.manager.id))
        assert sent(it) == []
        with it.database.transaction() as db:
            given = of.acts.give(db, row, kim, "2026-12-01", of.manager, NOW)
            assert (given.owner, given.due_on) == ("Kim", "2026-12-01")
            with pytest.raises(Unfit, match="role for this service"):
                of.acts.give(db, given, 4711, "", of.manager, NOW)
        assert len(sent(it)) == 1

    def test_its_end_is_told_to_those_who_raised_it(self, it: Program) -> None:
        of = scene(it)
        row = done(of, draft(of, FIX, owner=of.manager.id))
        with it.database.transaction() as db:
            assert of.acts.foresee(db, row, NOW).going == 14
            ended = of.acts.settle(db, row, "done", "The desk is open.", of.manager, NOW, tell=True)
            assert (ended.state, ended.told, ended.agreed) == ("done", 14, 14)
            with pytest.raises(Unfit, match="settled already"):
                of.acts.settle(db, ended, "done", "Again.", of.manager, NOW, tell=True)
            with pytest.raises(Unfit, match="settled already"):
                of.acts.give(db, ended, None, "", of.manager, NOW)
        assert all("This is what we did." in body and "The desk is open." in body for _, body in sent(it))

    def test_its_end_may_stay_untold(self, it: Program) -> None:
        of = scene(it)
        row = done(of, draft(of, FIX))
        with it.database.transaction() as db:
            with pytest.raises(Unfit, match="say why"):
                of.acts.settle(db, row, "not_done", " ", of.manager, NOW, tell=False)
            ended = of.acts.settle(db, row, "not_done", "No money.", of.manager, NOW, tell=False)
        assert (ended.state, ended.outcome, ended.told) == ("not_done", "No money.", 0)
        assert sent(it) == []


class TestAskingBack:
    question = Letter({"en": "Which day?"}, {"en": ("Saturday", "Sunday")})

    def test_only_who_agreed_to_be_asked_again_is_asked(self, it: Program) -> None:
        of = scene(it, again=7)
        row = done(of, draft(of, ASK, "Which day?", letter=self.question))
        assert (row.state, row.agreed, row.told, row.expires_at) == ("open", 0, 0, NOW + timedelta(days=14))
        asked = sent(it)
        assert {contact for contact, _ in asked} == {one.id for one in of.who[:7]}
        assert all(f'["Sunday","@ask:{row.id}:1"]' in body for _, body in asked)
        with it.database.reading() as db:
            assert len(actions.linked(db, row.id, ASKED)) == 7
        assert load(row.letter) == self.question

    def test_too_few_to_show_their_answers_are_not_asked(self, it: Program) -> None:
        of = scene(it, again=4)
        assert refused(of, draft(of, ASK, "Which day?", letter=self.question)) == "few_asked"

    def test_nobody_is_asked_again_within_thirty_days(self, it: Program) -> None:
        of = scene(it, again=7)
        done(of, draft(of, ASK, "Which day?", letter=self.question))
        it.now = NOW + 29 * DAY
        with it.database.reading() as db, pytest.raises(Unfit, match="can be asked"):
            of.acts.preview(db, draft(of, ASK, "And when?", letter=self.question), it.now)
        it.now = NOW + 31 * DAY
        with it.database.reading() as db:
            assert of.acts.preview(db, draft(of, ASK, "And when?", letter=self.question), it.now).going == 7


def test_who_raised_a_theme_is_found_where_it_went_into_another(it: Program) -> None:
    of = scene(it, raised=6, wish=6)
    with it.database.transaction() as db:
        themes.add(db, "library", [("a", {"en": "Queue"}), ("b", {"en": "Waiting"})], themes.MANAGER, NOW)
        queue, waiting = (themes.by_key(db, "library", key) for key in ("a", "b"))
        assert queue is not None
        assert waiting is not None
        for said in answers.texts(db, "library", NOW - 9 * DAY, NOW, 99):
            themes.correct(db, queue, said.id, None, NOW, fits=True)
        about = of.acts.origin(THEME, str(queue.id), WEEK, NOW)
        themes.merge(db, queue, waiting)
        row = of.acts.do(db, replace(draft(of), source=THEME, origin=about), of.manager, NOW)
    assert row.told == 6


# --------------------------------------------------------------------------- who solves what is told


@pytest.mark.parametrize("bad", [3, 5, 8, 12])
@pytest.mark.parametrize("middle", [0, 2, 3, 6])
@pytest.mark.parametrize("good", [6, 12])
def test_digest_and_preview_together_give_away_no_small_group(it: Program, good: int, middle: int, bad: int) -> None:
    """To how many it goes, of how many, and that it may go at all, beside the shares of the digest."""
    of, who = scene(it, raised=bad, wish=bad, others=["5"] * good + ["3"] * middle), Intruder()
    sides = [("w", side) for side in ("good", "middle", "bad")]
    for side in sides:
        who.learns([side], 0, MANY)
    library = Library(it.config, it.catalog, it.keys)
    with it.database.reading() as db:
        made = Digests(it.config, it.catalog.bank, library).of_week(db, "library", Week.parse(WEEK), NOW)
        assert made is not None
        for score in made.scores:
            told(who, sides[:1], sides[1:], score.positive)
            told(who, sides[2:], sides[:2], score.negative)
        try:
            seen = of.acts.preview(db, draft(of), NOW)
        except Unfit:
            who.learns(sides[2:], 0, 4)
        else:
            who.learns(sides[2:], 5, MANY)
            for count in filter(None, (seen.raised, seen.about)):
                least = max(count - 2, 5)
                who.learns(sides[2:], least, count + 2 if count == seen.raised else MANY)
    for side in sides:
        assert who.finds([side], 5) is None, side
