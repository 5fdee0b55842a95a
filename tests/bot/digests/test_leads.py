"""Each item of a digest leads to the answers behind it, the round or the action."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.assessing.gap import Foretold, Gap
from bot.assessing.perception import Verdict
from bot.digests.render.leads import ITEMS, leads
from bot.digests.render.mail import mail
from bot.texts import languages, texts
from tests.bot.digests.sample import digest

if TYPE_CHECKING:
    from bot.digests.model import Digest

FORETOLD = Foretold("deliver", "del.overall", 85, 68, 50, 17, 6, 31, Verdict.OPTIMISTIC, indication=False)


def full() -> Digest:
    """Return a digest in which every item has something to say."""
    return replace(digest(), gap=Gap("2026-Q4", (FORETOLD,)))


def test_every_item_of_a_full_digest_leads_on_in_every_language() -> None:
    for language in languages():
        found = leads(full(), texts(language))
        assert set(found) == set(ITEMS)
        assert all(each.path.startswith(("/manage/", "/rounds/")) for ways in found.values() for each in ways)


def test_each_figure_leads_to_its_own_answers() -> None:
    found = leads(full(), texts("en"))
    paths = {item: [each.path for each in ways] for item, ways in found.items()}
    base = "/manage/answers/ambulance?week=2026-W47"
    assert paths["who"] == paths["voices"] == [base]
    assert paths["score"] == paths["gap"] == [f"{base}&item=del.overall&stage=deliver"]
    assert paths["problems"] == [f"{base}&theme={key}&side=others" for key in ("waiting", "sms", "door")]
    assert paths["works"] == [f"{base}&theme=staff&side=well"]
    assert paths["wanted"] == [f"{base}&round=garden&state=order"]
    assert paths["clock"] == ["/rounds/spring", "/rounds/options"]
    assert paths["deeds"] == [f"/manage/actions/ambulance/{n}" for n in (1, 2, 3)]
    assert f"{base}&theme=waiting&side=others" in paths["headline"]
    assert "/rounds/spring" in paths["proposals"]


def test_the_mail_has_all_of_these_links() -> None:
    root = "https://town.example"
    _, letter = mail(full(), texts("en"), f"{root}/manage/digests/ambulance/2026-W47")
    for item, ways in leads(full(), texts("en")).items():
        for each in ways:
            assert f'href="{root}{each.path}"'.replace("&", "&amp;") in letter.html, item
    _, letter = mail(full(), texts("en"))
    assert "/manage/answers/" not in letter.html


def test_the_answers_of_a_running_week_do_not_open() -> None:
    assert set(leads(replace(full(), so_far=True), texts("en"))) == {"clock", "deeds"}
