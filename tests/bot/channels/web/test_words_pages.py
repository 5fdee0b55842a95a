"""The words that others may see in the browsers of staff: what waits, shown or withheld with one press."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from bot import quoting
from storage import answers, looks, rulings, tables
from storage.rulings import SHOWN, WITHHELD
from tests.bot.channels.web.stage import NOW, Program
from tests.bot.channels.web.test_actions_pages import seen
from tests.bot.channels.web.test_staff_pages import MANAGER, entered, faults, posted
from tests.storage.makers import DAY, add_round, text

if TYPE_CHECKING:
    import httpx

    from storage.rulings import Text

HERE = "/manage/words/library"
SAID = ("The queue was endless, call me at +44 20 7946 0018", "Nowhere to lock my bicycle", "The staff are idiots")


def written(it: Program, *said: str, agrees: bool = True) -> list[Text]:
    """Let people write these; return them as the queue has them."""
    with it.database.transaction() as db:
        of = add_round(db, code="written")
        rows = [text(of, one, b"%d" % n, NOW - DAY, quotable=agrees) for n, one in enumerate(said or SAID)]
        answers.append(db, rows)
        return list(rulings.standing(db))


def approving(it: Program) -> None:
    it.config = replace(it.config, privacy=replace(it.config.privacy, quotes="approved"))


def mark(it: Program, one: Text) -> str:
    return quoting.mark(it.keys, one)


def ruling(it: Program, one: Text) -> rulings.Ruling | None:
    with it.database.reading() as db:
        return rulings.get(db, one.id)


async def test_what_waits_is_shown_masked_with_where_it_is_from(it: Program, client: httpx.AsyncClient) -> None:
    approving(it)
    written(it)
    await entered(it, client, MANAGER)
    page = await client.get("/manage/words")
    assert page.url.path == HERE
    told = seen(page)
    assert "Waiting (3)" in told
    assert "The queue was endless, call me at [phone number]" in told
    assert "7946" not in told
    assert "How is the library?" in told
    assert "Saturday, 21 November 2026" in told.replace("Saturday 21", "Saturday, 21")
    assert "Quotes (3)" in told
    with it.database.reading() as db:
        (look,) = looks.of(db, "library")
    assert (look.who, json.loads(look.what), look.rows) == ("Ada", {"words": "quotes", "page": 1}, 3)


async def test_a_text_is_let_be_shown_and_withheld_with_one_press_each(it: Program, client: httpx.AsyncClient) -> None:
    approving(it)
    one, other, bad = written(it)
    await entered(it, client, MANAGER)
    page = await posted(client, HERE, text=str(one.id), seen=mark(it, one), act="show")
    assert "Others may see it now." in page.text
    assert "Judged by Ada on" in page.text
    fields = {"act": "withhold", "reason": "other", "words": " It calls people names "}
    page = await posted(client, HERE, text=str(bad.id), seen=mark(it, bad), **fields)
    assert "It is withheld." in page.text
    told = seen(page)
    assert [told.index(head) for head in ("Waiting (1)", "Shown (1)", "Withheld (1)")] == sorted(
        told.index(head) for head in ("Waiting (1)", "Shown (1)", "Withheld (1)")
    )
    found, gone = ruling(it, one), ruling(it, bad)
    assert found is not None
    assert gone is not None
    assert (found.ruling, gone.ruling) == (SHOWN, WITHHELD)
    assert (gone.reason, gone.words) == ("other", "It calls people names")
    assert ruling(it, other) is None


async def test_a_reason_must_be_chosen_or_written(it: Program, client: httpx.AsyncClient) -> None:
    (one, *_) = written(it)
    await entered(it, client, MANAGER)
    sent = {"text": str(one.id), "seen": mark(it, one), "act": "withhold"}
    page = await posted(client, HERE, **sent)
    assert page.status_code == 422
    assert faults(page) == ["Choose why."]
    page = await posted(client, HERE, **sent, reason="other")
    assert faults(page) == ["Write the other reason in a few words."]
    assert f'id="words-{one.id}"' in page.text
    assert ruling(it, one) is None


async def test_whoever_comes_second_is_told_that_somebody_else_has_judged(
    it: Program, client: httpx.AsyncClient
) -> None:
    (one, *_) = written(it)
    await entered(it, client, MANAGER)
    sent = {"text": str(one.id), "seen": mark(it, one)}
    await posted(client, HERE, **sent, act="withhold", reason="insulting")
    page = await posted(client, HERE, **sent, act="show")
    assert "somebody else has judged these words meanwhile" in page.text
    with it.database.transaction() as db:
        db.execute(update(tables.answers).values(quotable=False))
    page = await posted(client, HERE, **sent, act="show")
    assert "these words are not there any more" in page.text


async def test_words_whose_writer_does_not_agree_are_not_there(it: Program, client: httpx.AsyncClient) -> None:
    written(it, agrees=False)
    await entered(it, client, MANAGER)
    assert "There are no words to look at." in seen(await client.get(HERE))


async def test_the_words_of_one_service_are_not_there_for_who_looks_after_another(
    it: Program, client: httpx.AsyncClient
) -> None:
    (one, *_) = written(it)
    await entered(it, client, ("manager", "bus7"))
    assert (await client.get("/manage/words")).url.path == "/manage/words/bus7"
    assert (await client.get(HERE)).status_code == 404
    sent = {"text": str(one.id), "seen": mark(it, one), "act": "show"}
    assert (await posted(client, HERE, **sent)).status_code == 404
    assert "these words are not there any more" in (await posted(client, "/manage/words/bus7", **sent)).text
    assert ruling(it, one) is None


async def test_what_a_program_takes_for_a_name_is_said_and_can_be_let_be_shown(
    it: Program, client: httpx.AsyncClient
) -> None:
    (one,) = written(it, "People wait for Xanthe Zorblax there.")
    await entered(it, client, MANAGER)
    page = await client.get(HERE)
    assert "A program takes some of this for a name." in page.text
    page = await posted(client, HERE, text=str(one.id), seen=mark(it, one), act="show")
    assert "A program takes some of this for a name." not in page.text


async def test_many_words_come_in_pages(it: Program, client: httpx.AsyncClient) -> None:
    written(it, *(f"Word {n} of many" for n in range(25)))
    await entered(it, client, MANAGER)
    first, second = await client.get(HERE), await client.get(f"{HERE}?page=2")
    assert "Page 1 of 2" in first.text
    shown = [re.findall(r"Word (\d+) of", page.text) for page in (first, second)]
    assert [len(each) for each in shown] == [20, 5]
    assert {*shown[0], *shown[1]} == {str(n) for n in range(25)}
    for odd in ("0", "-3", "x", "99999999999999999999", "3"):
        assert (await client.get(f"{HERE}?page={odd}")).status_code == 200


@pytest.mark.parametrize("sent", [{"act": "show"}, {"act": "no", "text": "1"}, {"act": "show", "text": "x"}])
async def test_a_form_that_is_none_of_ours_is_refused(
    it: Program, client: httpx.AsyncClient, sent: dict[str, str]
) -> None:
    written(it)
    await entered(it, client, MANAGER)
    assert (await posted(client, HERE, **sent)).status_code == 404


async def test_the_digest_leads_to_the_words(it: Program, client: httpx.AsyncClient) -> None:
    from tests.bot.channels.web.test_staff_pages import WEEK  # noqa: PLC0415 - a digest that takes long to draw

    it.figures["library"] = WEEK
    await entered(it, client, MANAGER)
    assert f'href="{HERE}"' in (await client.get("/manage/digests/library/now")).text
