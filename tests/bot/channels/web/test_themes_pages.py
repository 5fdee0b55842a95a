"""The codebook in the browsers of staff: what is proposed, in use, and corrected with one press."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from bot.themes import curating
from storage import answers, campaigns, looks, themes
from storage.themes import DROPPED, MERGED, PROPOSAL, STARTER, Reading, Sorted
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_actions_pages import seen
from tests.bot.channels.web.test_staff_pages import MANAGER, entered, faults, posted
from tests.storage.makers import DAY, add_round, text

if TYPE_CHECKING:
    import httpx

    from storage.themes import Theme

HERE = "/manage/themes/library"
SAID = ("The queue was endless, call me at +44 20 7946 0018", "Nowhere to lock my bicycle", "My bicycle got wet")


def sorted_texts(it: Program, *said: str) -> list[int]:
    """Let people write these: the first is about waiting, the rest about a theme that is proposed. Return the ids."""
    with it.database.transaction() as db:
        of = add_round(db, code="sorted")
        at = NOW - DAY
        answers.append(db, [text(of, one, b"%d" % n, at) for n, one in enumerate(said or SAID)])
        ids = [one.answer_id for one in themes.unread(db, "library", "test", None, 99)]
        names = {"en": "Waiting", "es": "Espera"}
        themes.add(db, "library", [("waiting", names), ("price", {"en": "Price"})], STARTER, NOW)
        themes.add(db, "library", [("new.1", {"en": "bicycle, lock"})], PROPOSAL, NOW)
        waiting, new = (themes.by_key(db, "library", key) for key in ("waiting", "new.1"))
        assert waiting is not None
        assert new is not None
        themes.keep(db, [Reading(one, "library", None, "en", "test", NOW) for one in ids])
        found = [Sorted(ids[0], waiting.id, 0.4), *(Sorted(one, new.id, 0.9, themes.GROUP) for one in ids[1:])]
        themes.settle(db, themes.revision(db, "library"), ids, found)
        return ids


def of(it: Program, key: str) -> Theme:
    with it.database.reading() as db:
        found = themes.by_key(db, "library", key)
    assert found is not None
    return found


async def test_a_proposal_shows_its_masked_texts_and_what_can_be_done(it: Program, client: httpx.AsyncClient) -> None:
    sorted_texts(it)
    await entered(it, client, MANAGER)
    assert (await client.get("/manage/themes")).url.path == HERE
    page = seen(await client.get(HERE))
    assert "Proposed new themes" in page
    assert "bicycle, lock" in page
    assert "Nowhere to lock my bicycle" in page
    assert "fewer than 5 people in the last 13 whole weeks" in page
    for act in ("Keep", "Drop", "Rename", "Merge", "Show texts"):
        assert act in page


def test_how_many_raised_a_theme_comes_in_steps_and_without_the_running_week_or_campaigns(it: Program) -> None:
    """The digest hides the few: live counts would tell of the one who wrote between two looks."""
    sorted_texts(it)
    waiting, last = of(it, "waiting"), NOW - 7 * DAY
    with it.database.transaction() as db:
        round_ = add_round(db, code="more")
        answers.append(db, [text(round_, f"A queue of {n}", b"%d" % n, last) for n in range(13)])
        answers.append(db, [text(round_, f"Still {n}", b"now %d" % n, NOW) for n in range(20)])
        said = answers.texts(db, "library", last - DAY, NOW + DAY, 99)
        for one in said:
            themes.correct(db, waiting, one.id, None, NOW, fits=True)
        book = curating.codebook(db, it.config, "library", "en", NOW)
        assert [each.people for each in book.used if each.id == waiting.id] == [15]
        campaigns.note(db, "library", NOW, NOW, [(one.id, 1) for one in said if one.text.startswith("A queue")][:9])
        book = curating.codebook(db, it.config, "library", "en", NOW)
        assert {each.people for each in (*book.used, *book.proposed)} == {None}


async def test_a_proposal_is_kept_renamed_or_dropped(it: Program, client: httpx.AsyncClient) -> None:
    sorted_texts(it)
    await entered(it, client, MANAGER)
    mark = str(of(it, "new.1").id)
    assert "The theme is kept." in (await posted(client, HERE, what="keep", theme=mark)).text
    assert of(it, "new.1").state == "confirmed"
    await posted(client, HERE, what="rename", theme=mark, name=" Bicycle  stands ")
    assert of(it, "new.1").name("en") == "Bicycle stands"
    await posted(client, HERE, what="drop", theme=mark)
    assert of(it, "new.1").state == DROPPED
    assert (await posted(client, HERE, what="keep", theme=mark)).status_code == 404


async def test_two_themes_become_one(it: Program, client: httpx.AsyncClient) -> None:
    sorted_texts(it)
    await entered(it, client, MANAGER)
    new, into = of(it, "new.1"), of(it, "waiting")
    page = await posted(client, HERE, what="merge", theme=str(new.id), into="")
    assert faults(page) == ["Choose the theme to merge into."]
    await posted(client, HERE, what="merge", theme=str(new.id), into=str(into.id))
    assert of(it, "new.1").state == MERGED
    assert "3 people" not in seen(await client.get(HERE))
    with it.database.reading() as db:
        assert [one.people for one in themes.raised(db, "library", NOW - 9 * DAY, NOW)] == [3]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
async def test_a_name_that_says_nothing_or_too_much_is_refused_at_its_field(
    it: Program, client: httpx.AsyncClient, name: str
) -> None:
    sorted_texts(it)
    await entered(it, client, MANAGER)
    mark = of(it, "waiting").id
    page = await posted(client, HERE, what="rename", theme=str(mark), name=name)
    assert page.status_code == 422
    assert f'href="#name-{mark}"' in page.text
    assert faults(page) == ["Write a name of at most 60 letters."]
    assert faults(await posted(client, HERE, what="new", name=name)) == ["Write a name of at most 60 letters."]


async def test_a_theme_of_ones_own_is_added(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, MANAGER)
    assert "There are no themes yet" in (await client.get(HERE)).text
    await posted(client, HERE, what="new", name="Bicycles")
    with it.database.reading() as db:
        (only,) = themes.codebook(db, "library")
    assert (only.name("es"), only.origin, only.state) == ("Bicycles", "manager", "confirmed")


async def test_a_text_is_corrected_with_one_press(it: Program, client: httpx.AsyncClient) -> None:
    first, second, _ = sorted_texts(it)
    await entered(it, client, MANAGER)
    waiting, price = of(it, "waiting").id, of(it, "price").id
    here = f"{HERE}/{waiting}"
    page = seen(await client.get(here))
    assert "Texts of “Waiting”" in page
    assert "+44" not in page
    assert "Not “Waiting”" in page
    page = seen(await posted(client, here, text=str(first), no=str(waiting)))
    assert "Corrected." in page
    assert "There are no texts here." in page
    await posted(client, f"{HERE}/none", text=str(first), also=str(price))
    with it.database.reading() as db:
        assert themes.of_texts(db, [first]) == {first: [price]}
        assert [(one.theme_id, one.fits) for one in themes.examples(db, "library")] == [(waiting, False), (price, True)]
    new = of(it, "new.1").id
    page = seen(await posted(client, f"{HERE}/{new}", text=str(second), right="1"))
    assert "Checked by a person" in page
    with it.database.reading() as db:
        mine = {one.theme_id: one.fits for one in themes.examples(db, "library") if one.answer_id == second}
    assert mine == {waiting: False, price: False, new: True}


async def test_texts_that_fit_none_wait_for_a_theme(it: Program, client: httpx.AsyncClient) -> None:
    sorted_texts(it)
    await entered(it, client, MANAGER)
    assert "There are no texts here." in (await client.get(f"{HERE}/none")).text
    await posted(client, HERE, what="drop", theme=str(of(it, "new.1").id))
    page = seen(await client.get(f"{HERE}/none"))
    assert "My bicycle got wet" in page
    assert "No theme" in page


async def test_what_is_not_theirs_does_not_exist_for_others(it: Program, client: httpx.AsyncClient) -> None:
    first, *_ = sorted_texts(it)
    await entered(it, client, ("manager", "bus7"))
    mark = str(of(it, "waiting").id)
    for path in (HERE, f"{HERE}/{mark}", f"/manage/themes/bus7/{mark}", "/manage/themes/bus7/x"):
        assert (await client.get(path)).status_code == 404
    for path, fields in (
        (HERE, {"what": "drop", "theme": mark}),
        ("/manage/themes/bus7", {"what": "drop", "theme": mark}),
        ("/manage/themes/bus7", {"what": "burn", "theme": mark}),
        ("/manage/themes/bus7/none", {"text": str(first), "also": mark}),
        ("/manage/themes/bus7/none", {"text": "x"}),
    ):
        assert (await posted(client, path, **fields)).status_code == 404
    assert of(it, "waiting").state == "confirmed"


async def test_who_only_signs_sees_no_texts(it: Program, client: httpx.AsyncClient) -> None:
    await entered(it, client, ("approver", "library"))
    assert (await client.get("/manage/themes")).status_code == 404


async def test_each_look_at_texts_and_each_act_on_a_theme_is_noted_with_who_it_was(
    it: Program, client: httpx.AsyncClient
) -> None:
    sorted_texts(it)
    await entered(it, client, MANAGER)
    new, waiting = of(it, "new.1"), of(it, "waiting")
    await client.get(HERE)
    await client.get(f"{HERE}/{waiting.id}")
    await client.get(f"{HERE}/none")
    for form in (
        {"what": "rename", "theme": str(new.id), "name": "Bicycles"},
        {"what": "keep", "theme": str(waiting.id)},
        {"what": "merge", "theme": str(new.id), "into": str(waiting.id)},
        {"what": "new", "name": "Toilets"},
        {"what": "drop", "theme": str(of(it, "price").id)},
    ):
        await posted(client, HERE, **form)
    with it.database.reading() as db:
        noted = [(one.who, json.loads(one.what), one.rows) for one in reversed(looks.of(db, "library"))]
        assert looks.prove(db, "library").wrong is None
    assert {who for who, *_ in noted} == {"Ada"}
    looked = [(what, rows) for _, what, rows in noted if "did" not in what]
    assert looked[:3] == [({"theme": "proposed"}, 2), ({"theme": waiting.id}, 1), ({"theme": "none"}, 0)]
    done = {what["did"]: what for _, what, _ in noted if "did" in what}
    assert list(done) == ["theme_rename", "theme_keep", "theme_merge", "theme_new", "theme_drop"]
    renamed = done["theme_rename"]
    assert (renamed["theme"], renamed["name"], renamed["now"]) == (new.id, "bicycle, lock", "Bicycles")
    assert (done["theme_merge"]["into"], done["theme_new"]["name"]) == (waiting.id, "Toilets")
