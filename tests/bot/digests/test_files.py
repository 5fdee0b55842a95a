"""A digest on paper, in a workbook and for programs: the same figures, whole, and readable in every language."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pypdfium2
import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator
from openpyxl import load_workbook
from PIL import Image

from bot.assessing.gap import Foretold, Gap, Placed
from bot.assessing.perception import Field, Verdict
from bot.digests import render
from bot.digests.disclosure import Share, Strength
from bot.digests.model import Alert, Apart, Change, Foot, Group, Reason, Voices, dump
from bot.digests.render import items, pairs, schema
from bot.digests.render.book import sheets_of
from bot.digests.render.chart import ACROSS, BELOW, WIDE, Look, picture
from bot.digests.render.letters import for_letters
from bot.digests.render.sections import foot, sections
from bot.digests.render.told import bounds, since_first
from bot.digests.render.told import page as page_of
from bot.digests.render.words import words
from bot.digests.summarise import summarise
from bot.digests.weeks import Week
from bot.pictures import fonts
from bot.texts import languages, texts
from tests.bot.digests import sample
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.bot.digests.test_render import EACH, URL, real, small, wanted
from tests.bot.digests.test_shorter import busy, full
from tests.bot.digests.test_summarise import PEOPLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from openpyxl.worksheet.worksheet import Worksheet

    from bot.channels.base import Picture
    from bot.digests.model import Digest

ALL = replace(real(), results=tuple(wanted(kind) for kind in ("rank", "allocate", "bestworst")))
"""A digest of real answers, and of what people want in each way."""
WHOLE = sample.digest()
"""A digest with something of all ten items."""
WEEK = Week(2026, 47)
PERIOD = str(WEEK)


def made(people: Iterable[One], week: Week = WEEK) -> Digest:
    """Return the digest of a week in which these people answered."""
    digest = summarise(counted(list(people), week), scope(week), monday_after(week))
    assert digest is not None
    return digest


# --------------------------------------------------------------------------- paper


def page(paper: bytes) -> tuple[int, str, Image.Image]:
    """Return how many pages there are, the words of the first, and how it looks in grey."""
    with pypdfium2.PdfDocument(paper) as document:
        first = document[0]
        return len(document), first.get_textpage().get_text_bounded(), first.render(scale=2, grayscale=True).to_pil()


def letters(text: str) -> Counter[str]:
    """Return the letters of a text without blanks, marks and joined forms, in no order."""
    return Counter(letter for letter in unicodedata.normalize("NFKD", text) if letter.isalnum())


def flat(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.replace("\ufffe", "").split())


@EACH
@pytest.mark.parametrize("digest", [ALL, WHOLE], ids=["real", "whole"])
def test_all_of_a_digest_stands_on_one_page(digest: Digest, language: str) -> None:
    count, said, _ = page(render.pdf(digest, texts(language), URL))
    whole = render.page(digest, texts(language), 2)
    long = sum(items.words(line) for line in (*(line for part in sections(whole) for line in part.lines), *foot(whole)))
    told = render.page(digest, texts(language), 2, brief=long > 370)  # headings make it 400
    assert count == 1
    lines = [line for part in sections(told) if not part.quotes for line in (part.heading, *part.lines)]
    for line in (told.title, told.span, *filter(lambda one: one != told.more, lines), *foot(told), URL):
        assert not letters(line) - letters(said), line
        assert language == "ar" or flat(line) in flat(said), line


@EACH
def test_a_page_of_much_has_fewer_than_400_words_in_letters_that_can_be_read(language: str) -> None:
    much = busy(4)
    paper = render.pdf(much, texts(language), URL)
    count, said, _ = page(paper)
    told = render.page(much, texts(language))
    assert count == 1
    assert items.words(said) < 400 + 10, "a word may run over the end of a line"
    for line in (told.headline, told.clock[0], told.deeds[0], *(stage.kept[0] for stage in told.stages)):
        assert not letters(line) - letters(said), line
    left = texts(language).many("digest.foot.left", 9).split("9")[1]
    assert language == "ar" or flat(left) in flat(said), "what is gone is counted"
    assert flat(said).rstrip().endswith(URL) or language == "ar", "and where it is stands behind it"
    with pypdfium2.PdfDocument(paper) as document:
        text = document[0].get_textpage()
        sizes = [pypdfium2.raw.FPDFText_GetFontSize(text, n) for n in range(text.count_chars())]
        assert min(size for size in sizes if size > 1) > 7.9


@pytest.mark.parametrize("made", [full, busy])
def test_where_the_most_telling_chart_has_no_room_another_that_has_stands_there(made: Callable[[int], Digest]) -> None:
    paper = render.pdf(made(6), texts("en"), URL)
    count, said, image = page(paper)
    assert count == 1
    assert paper.count(b"/S /Figure") >= 1
    assert items.words(said) < 400 + 10
    assert image.crop((0, image.height - 60, *image.size)).getextrema() == (255, 255), "nothing at the edge"


@settings(deadline=None, max_examples=8)
@given(PEOPLE)
def test_any_digest_is_one_page_with_all_its_words(people: list[One]) -> None:
    shouting = [One(one.on, one.choice, "word " * 150 + "end", one.channel) for one in people]
    digest = summarise(counted(shouting, WEEK), scope(WEEK), monday_after(WEEK))
    if digest is not None:
        for language in ("de", "ar"):
            count, said, image = page(render.pdf(digest, texts(language), URL))
            told = render.page(digest, texts(language), 0)
            assert count == 1
            for line in (told.title, told.new, told.short, told.caveat, told.hidden, URL):
                assert not letters(line) - letters(said)
            assert image.crop((0, image.height - 60, *image.size)).getextrema() == (255, 255), "nothing at the edge"


def test_the_page_is_the_same_bytes_every_time_and_has_a_title_and_a_language() -> None:
    paper = render.pdf(ALL, texts("fr"), URL)
    assert paper == render.pdf(ALL, texts("fr"), URL)
    with pypdfium2.PdfDocument(paper) as document:
        told = document.get_metadata_dict()
    assert told["Title"] == render.page(ALL, texts("fr")).subject
    assert told["CreationDate"].startswith("D:20220905")
    assert b"/Lang (fr)" in paper


def test_headings_paragraphs_and_pictures_are_tagged() -> None:
    paper = render.pdf(ALL, texts("en"), URL)
    parts = [paper.count(b"/S /" + part) for part in (b"H1", b"H2", b"P", b"Figure")]
    assert parts[0] == 1
    assert parts[1] >= 4
    assert parts[2] > 10
    assert parts[3] == 2
    assert b"/MarkInfo" in paper


def test_letters_of_any_script_are_drawn() -> None:
    """Somebody's words are theirs, in whatever letters: where a font of this machine has them they are no frames."""
    said = {
        "hi": "बस हमेशा देर से आती है",
        "th": "รถเมล์มาสายเสมอ",
        "ta": "பேருந்து தாமதம்",
        "he": "האוטובוס מאחר",
        "ar": "الحافلة تتأخر",
    }
    for text in said.values():
        _, found, _ = page(render.pdf(made([One(WEEK.monday, "5", text)] * 12), texts("en"), URL))
        assert set(letters(text)) <= set(letters(found))
        assert fonts.FRAMES not in for_letters(text)


def test_where_no_font_has_a_letter_it_is_a_frame() -> None:
    assert for_letters("Grüße, Привет, שלום, مرحبا") == ()
    assert for_letters("\U0010fffd") == (fonts.FRAMES,)
    assert page(render.pdf(made([One(WEEK.monday, "5", "\U0010fffd")] * 12), texts("en")))[0] == 1


def test_arabic_runs_from_the_right_and_a_quote_as_it_was_written() -> None:
    people = [One(WEEK.monday, "5", "Good.")] * 12
    image = page(render.pdf(made(people), texts("ar"), URL))[2]
    top = image.crop((0, 60, image.width, 160))
    half = image.width // 2
    dark = [sum(box.histogram()[:128]) for box in (top.crop((0, 0, half, 100)), top.crop((half, 0, image.width, 100)))]
    assert dark[1] > 2 * dark[0]


# --------------------------------------------------------------------------- programs


def test_the_published_schema_is_that_of_the_digest() -> None:
    assert schema.FILE.read_text("utf-8") == schema.schema(), "run: python -m bot.digests.render.schema"


def validator() -> Draft202012Validator:
    """Return what holds a digest against the published schema, and lets nothing through that is not in it."""
    published = json.loads(schema.FILE.read_text("utf-8"))
    Draft202012Validator.check_schema(published)
    for part in published["$defs"].values():
        if "properties" in part:
            part["additionalProperties"] = False
    return Draft202012Validator(published, format_checker=Draft202012Validator.FORMAT_CHECKER)


@settings(deadline=None, max_examples=30)
@given(PEOPLE)
def test_every_digest_is_as_the_schema_says(people: list[One]) -> None:
    digest = summarise(counted(people, WEEK), scope(WEEK), monday_after(WEEK))
    validator().validate(json.loads(dump(digest)))


def test_a_digest_with_everything_is_as_the_schema_says_and_a_fault_is_none() -> None:
    told: dict[str, Any] = json.loads(dump(WHOLE))
    for digest in (ALL, WHOLE):
        validator().validate(json.loads(dump(digest)))
    assert not validator().is_valid(told | {"minimum": "five"})
    assert not validator().is_valid(told | {"unheard_of": 1})
    assert not validator().is_valid({name: value for name, value in told.items() if name != "period"})


def test_the_schema_says_what_its_fields_mean() -> None:
    parts = json.loads(schema.FILE.read_text("utf-8"))["$defs"]
    assert parts["Share"]["properties"]["part"]["description"].startswith("People in the share")
    assert all(part.get("description") for part in parts.values())


# --------------------------------------------------------------------------- workbook


def sheets(digest: Digest, language: str) -> dict[str, Worksheet]:
    """Return the sheets of the workbook by their names in Python."""
    opened = load_workbook(BytesIO(render.xlsx(digest, language)))
    names = {words(language)(f"sheet.{name}"): name for name in NAMES}
    return {names[sheet.title]: sheet for sheet in opened.worksheets}


NAMES = (
    "overview",
    "deadlines",
    "scores",
    "weeks",
    "channels",
    "groups",
    "residents",
    "themes",
    "wanted",
    "gap",
    "deeds",
    "proposals",
    "voices",
    "codebook",
)


def _rows() -> Digest:
    """Return a digest with rows for every sheet."""
    before, now = Share(Strength.FIRM, 100, 20, low=0.13, high=0.29), Share(Strength.FIRM, 100, 35, low=0.26, high=0.45)
    theme = replace(WHOLE.problems[0], share=now, change=Change(before, real=True, points=15))
    guess = (85, 68, 50, 17, 4, 31, Verdict.OPTIMISTIC)
    widest = Foretold("deliver", "del.overall", *guess, indication=False, since=PERIOD)
    finished = Share(Strength.FIRM, 50, band="over", edge=80)
    return replace(
        WHOLE,
        clock=(replace(WHOLE.clock[0], written=11),),
        problems=(theme,),
        gap=Gap("2026-Q4", (widest,), (Placed("deliver", Field.BLIND_SPOT),), 17, 9),
        who=replace(WHOLE.who, groups=(Group("area", {"en": "North"}, None, 14),), finished=finished),
    )


ROWS = _rows()


@EACH
def test_every_column_of_a_workbook_is_explained(language: str) -> None:
    found, said = sheets(ROWS, language), words(language)
    assert tuple(found) == NAMES
    explained = [row[:3] for row in found["codebook"].iter_rows(min_row=2, values_only=True)]
    for name, sheet in found.items():
        head = [cell.value for cell in sheet[1]]
        assert len(set(head)) == len(head)
        assert name == "codebook" or {(said(f"sheet.{name}"), one) for one in head} <= {row[:2] for row in explained}
        assert sheet.freeze_panes == "A2"
        assert sheet.sheet_view.rightToLeft == (language == "ar")
        assert all((sheet.column_dimensions[cell.column_letter].width or 0) >= 12 for cell in sheet[1])
    assert all(all(row) for row in found["codebook"].iter_rows(values_only=True))


def test_figures_are_numbers_and_those_of_the_digest() -> None:
    found = sheets(ALL, "en")
    (score,) = ALL.scores
    head, row = found["scores"].iter_rows(values_only=True)
    told = dict(zip(head, row, strict=True))
    low, high = bounds(score.positive)
    assert (told["Answers"], told["People"], told["Share"]) == (score.positive.base, score.positive.part, 0.94)
    assert (told["Range from"], told["Range to"], told["Real change"]) == (low / 100, high / 100, "yes")
    formats = {cell.value: found["scores"].cell(2, cell.column).number_format for cell in found["scores"][1]}
    assert (formats["Share"], formats["Change"], formats["Answers"]) == ("0%", "+0;-0;0", "General")
    weeks = list(found["weeks"].iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in weeks] == [f"2022-W{week}" for week in range(29, 36)]
    assert [row[7:9] for row in weeks if row[7]] == [("over", 0.8)] * 2
    days = [row[2] for row in found["deadlines"].iter_rows(min_row=2, values_only=True)]
    assert all(isinstance(day, datetime) for day in days)


def test_a_theme_of_nearly_all_is_told_as_at_least_so_many_everywhere() -> None:
    """In words, in the reason to act, in the chart and in the workbook."""
    told = sample.digest()
    most = replace(told.problems[0], people=26, at_least=True, before=10)
    digest = replace(told, problems=(most,), alerts=(Alert(Reason.DOUBLED, 26, most.name, at_least=True),))
    assert "Waiting at hand-over: at least 26 people, 10 the week before" in items.problems(digest, texts("en"))[0]
    assert items.alert(digest.alerts[0], texts("en")) == "“Waiting at hand-over” doubled: at least 26 people"
    chart = pairs.themes_chart(digest, texts("en"))
    assert chart is not None
    assert "Waiting at hand-over: 26+ people this week, 10 the week before" in chart.alt
    found = {sheet.name: sheet.rows for sheet in sheets_of(digest, words("en"))}
    assert found["themes"][0][2:4] == (None, 26)


def test_a_theme_that_is_not_compared_has_its_number_alone() -> None:
    first, *rest = WHOLE.problems
    digest = replace(WHOLE, problems=(replace(first, compared=False, before=None), *rest))
    chart = pairs.themes_chart(digest, texts("en"))
    assert chart is not None
    assert "Waiting at hand-over: 14 people this week; " in chart.alt


def test_themes_groups_and_deeds_are_rows() -> None:
    found = sheets(WHOLE, "en")
    rows = {name: list(found[name].iter_rows(min_row=2, values_only=True)) for name in ("themes", "groups", "deeds")}
    assert rows["themes"][0][:6] == ("problem", "Waiting at hand-over", 14, None, None, 6)
    assert rows["themes"][-1][:6] == ("works", "Friendly staff", 21, None, None, 20)
    assert rows["groups"] == [("age 16-24", 0.4), ("Northgate", 0.6)]
    assert {row[0] for row in rows["deeds"]} == {"done", "late", "not done"}
    facts = dict(found["overview"].iter_rows(min_row=2, values_only=True))
    assert facts["State"] == "Act"


def test_a_workbook_leaves_out_no_figure_of_the_digest() -> None:
    """Records, groups beside residents, how themes changed, what was expected, and who finished as a band."""
    found = {sheet.name: sheet for sheet in sheets_of(ROWS, words("en"))}
    facts = {str(row[0]): row[1] for row in found["overview"].rows}
    assert facts["Came to the end, of those who began"] == "over 80%"
    assert facts["Your guesses are off by, in points"] == 17
    assert facts["The same in the quarter before"] == 9
    assert "a blind spot" in str(facts["Practice and experience"])
    assert found["deadlines"].rows[0][-2:] == (11, 20)
    assert found["residents"].rows == (("North", None, 0.14),)
    told = dict(zip((each.name for each in found["themes"].columns), found["themes"].rows[0], strict=True))
    shown = [told[each] for each in ("of_writers", "low", "high", "before", "change", "real")]
    assert shown == [0.35, 0.26, 0.45, 0.2, 15, "yes"]
    assert found["gap"].rows == (("Deliver", 0.85, 0.68, 50, 17, 4, 31, "too optimistic", PERIOD),)


def test_what_is_hidden_is_an_empty_cell() -> None:
    found = sheets(small(*["5"] * 12), "en")
    head, row = found["scores"].iter_rows(values_only=True)
    told = dict(zip(head, row, strict=True))
    assert (told["Answers"], told["People"], told["Share"], told["Range from"]) == (12, None, None, None)
    assert (told["Over or under"], told["Edge"]) == ("over", 0.5)
    assert set(sheets(small(*["5"] * 3), "en")) == {"overview", "proposals", "codebook"}


def test_a_question_with_gaps_and_a_scale_without_a_bad_end_are_empty_cells() -> None:
    score = replace(WHOLE.scores[0], question={"en": "How well does {org} understand you?"}, bad={"en": ()})
    kept = replace(WHOLE.scores[0], question={"en": "How is {service}?"})
    sheet = sheets(replace(WHOLE, scores=(score, kept)), "en")["scores"]
    heads = [cell.value for cell in sheet[1]]
    asked, negative = heads.index("Question"), heads.index("Share against")
    assert (sheet[2][asked].value, sheet[2][negative].value) == (None, None)
    assert sheet[3][asked].value == f"How is {texts('en').pick(WHOLE.name)}?"
    assert isinstance(sheet[3][negative].value, float)


@EACH
def test_a_workbook_says_what_is_left_out_and_which_weeks_are_not_compared(language: str) -> None:
    beside = Apart(organisations=3, groups=2, late=None)
    (score,) = WHOLE.scores
    digest = replace(
        WHOLE,
        who=replace(WHOLE.who, apart=beside),
        foot=Foot(campaigns=1, senders=60, scores=True),
        more_alerts=2,
        scores=(replace(score, reworded="2022-W34"),),
        again=("proposal.0", "proposal.1", "proposal.2", "missing"),
    )
    found, said = sheets(digest, language), words(language)
    facts = dict(found["overview"].iter_rows(min_row=2, values_only=True))
    told = {name: facts[said(f"fact.{name}")] for name in ("organisations", "groups", "campaigns", "senders")}
    assert told == {"organisations": 3, "groups": 2, "campaigns": 1, "senders": 60}
    assert (facts[said("fact.late")], facts[said("fact.reasons")]) == (said.about(None, 5), len(WHOLE.alerts) + 2)
    weeks = [(row[1], row[-1]) for row in found["weeks"].iter_rows(min_row=2, values_only=True)]
    assert [week for week, otherwise in weeks if otherwise == said("word.yes")] == [
        point.week for point in since_first(score.weeks) if point.week < "2022-W34"
    ]
    assert weeks[-1][1] == said("word.no")
    assert found["scores"].cell(2, found["scores"].max_column).value == "2022-W34"
    plain = sheets(replace(digest, again=()), language)["proposals"]
    assert [*found["proposals"].values] == [*plain.values]
    assert sheets(WHOLE, language)["overview"].max_row == found["overview"].max_row


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2", "@x", "\x00bell\x07", "<b>&"])
def test_words_are_words_whatever_they_begin_with(text: str) -> None:
    found = sheets(made([One(WEEK.monday, "5", text)] * 12), "en")
    cell = found["voices"].cell(2, 4)
    assert cell.data_type == "s"
    assert str(cell.value).strip() == "".join(one if one.isprintable() else " " for one in text).strip()


def test_every_word_of_files_is_of_its_language() -> None:
    """Few words are the same in two languages."""
    english = words("en").sentences
    for language in languages():
        own = words(language).sentences
        same = {
            key for key in own if key.partition(".")[0] in ("files", "meaning", "rule") and own[key] == english[key]
        }
        assert language == "en" or not same


EVERYTHING = replace(sample.digest(), gap=Gap("2026-Q4", calibration=9))
"""A digest with each item there can be."""


@EACH
def test_items_stand_in_one_order_in_every_form(language: str) -> None:
    """The order of the paper's parts is that of the mail, in words and in HTML, and of the chat."""
    said = texts(language)
    told = page_of(EVERYTHING, said)
    heads = [part.heading for part in sections(told) if part.heading]
    assert len(heads) == len(set(heads)) == 10
    text, mail = render.mail(EVERYTHING, said, URL)
    shown = [unescape(each) for each in re.findall(r"<h2[^>]*>([^<]*)</h2>", mail.html)]
    in_mail = [head for head in heads if head in shown]
    assert [each for each in shown if each in heads] == in_mail
    assert {*heads} - {*in_mail} <= {told.headings["wanted"], told.headings["voices"]}, (
        "these give way where room is short"
    )
    lines = text.splitlines()
    assert [each for each in lines if each in {head.upper() for head in heads}] == [head.upper() for head in in_mail]
    chat = render.message(EVERYTHING, said).splitlines()
    in_chat = [head for head in heads if head in chat]
    assert [each for each in chat if each in heads] == in_chat
    assert set(in_chat) >= {told.headings[name] for name in ("problems", "works", "gap", "deeds", "proposals")}


# --------------------------------------------------------------------------- charts


GROUPS = (
    Group("age", {"en": "16 to 24", "ar": "من 16 إلى 24"}, None, 14),
    Group("age", {"en": "25 to 64", "de": "25 bis 64"}, 70, 55),
    Group("age", {"en": "65 and older"}, 30, 31),
    Group("area", {"en": "North"}, 50, 50),
)
STAGES = ("commission", "pilot", "deliver")
FULL = replace(
    WHOLE,
    scores=tuple(replace(real().scores[0], stage=stage, median=84 if stage == "deliver" else None) for stage in STAGES),
    who=replace(WHOLE.who, groups=GROUPS),
)
"""Three stages at once, themes, groups, and what people want."""


def grey(png: bytes) -> Any:
    """Return a picture as lightness by row and column."""
    with Image.open(BytesIO(png)) as image:
        return np.asarray(image.convert("L"))


def test_there_is_a_chart_for_each_item_that_has_figures() -> None:
    drawn = render.charts(FULL, texts("en"))
    assert list(drawn) == ["groups", "chart", "themes", "wanted1"]
    assert "Deliver" in drawn["chart"].alt
    assert "Pilot" in drawn["chart"].alt
    assert "Waiting at hand-over: 14 people this week, 6 the week before" in drawn["themes"].alt
    assert "Door too heavy: 5 people this week, too few the week before to say" in drawn["themes"].alt
    assert "16 to 24: too few answered to say, 14% of residents" in drawn["groups"].alt
    assert "North" not in drawn["groups"].alt, "one variable at a time"


@pytest.mark.parametrize("name", ["groups", "chart", "themes"])
def test_other_figures_make_another_picture(name: str) -> None:
    score, theme, group = FULL.scores[0], FULL.problems[0], GROUPS[1]
    share_ = replace(score.positive, part=90)
    point = replace(score.weeks[-1], share=share_)
    others = {
        "chart": replace(FULL, scores=(replace(score, weeks=(*score.weeks[:-1], point)), *FULL.scores[1:])),
        "themes": replace(FULL, problems=(replace(theme, people=15), *FULL.problems[1:])),
        "groups": replace(FULL, who=replace(FULL.who, groups=(GROUPS[0], replace(group, answered=60), *GROUPS[2:]))),
    }
    one, other = (grey(render.charts(each, texts("en"))[name].png) for each in (FULL, others[name]))
    assert one.shape == other.shape
    assert (one != other).mean() > 0.0005
    assert (one == grey(render.charts(replace(FULL, hidden=9), texts("en"))[name].png)).all()


def test_charts_are_drawn_once_for_all_who_get_the_same_figures() -> None:
    """Another moment, another manager's guess, other quotes: the same pictures. Another figure: others."""
    one, said = FULL, texts("en")
    other = replace(
        one,
        at=one.at + timedelta(hours=3),
        gap=Gap("2026-Q4"),
        voices=Voices(),
        problems=tuple(replace(each, quote=None) for each in one.problems),
    )
    drawn = render.charts(one, said)
    assert drawn
    assert all(render.charts(other, said)[name] is each for name, each in drawn.items())
    grown = replace(one, problems=(replace(one.problems[0], people=one.problems[0].people + 7), *one.problems[1:]))
    assert render.charts(grown, said)["themes"].png != drawn["themes"].png


@EACH
def test_on_a_phone_small_charts_of_stages_stand_one_below_the_other(language: str) -> None:
    """Each has the whole width, so that its letters are no smaller than those of a chart alone."""
    (first, *_) = FULL.scores
    alone = grey(render.charts(replace(FULL, scores=(first,)), texts(language))["chart"].png)
    picture, paper = (grey(render.charts(FULL, texts(language), across)["chart"].png) for across in (BELOW, ACROSS))
    assert picture.shape[1] == paper.shape[1] == alone.shape[1]
    assert picture.shape[0] > 2.5 * (paper.shape[0] / 2)
    panels = np.array_split(picture[: int(picture.shape[0] * 0.94)], len(FULL.scores))
    for panel in panels:
        dark = np.flatnonzero((panel < 120).any(axis=0))
        assert dark[-1] - dark[0] > 0.6 * picture.shape[1]
    assert Look().small <= WIDE.small


def test_on_paper_small_charts_of_stages_stand_side_by_side_from_where_reading_begins() -> None:
    """Of three, the last row has one: at the left in English, at the right in Arabic."""
    for language, side in (("en", 0), ("ar", 1)):
        picture = grey(render.charts(FULL, texts(language), ACROSS)["chart"].png)
        row = picture[int(picture.shape[0] * 0.5) : int(picture.shape[0] * 0.85)]
        halves = [(half < 150).sum() for half in np.array_split(row, 2, axis=1)]
        assert halves[side] > 500
        assert halves[1 - side] == 0


def test_the_median_is_a_line_of_its_own() -> None:
    (score,) = real().scores
    without, with_it = (
        render.charts(replace(FULL, scores=(replace(score, median=each),)), texts("en")) for each in (None, 50)
    )
    row = int(grey(with_it["chart"].png).shape[0] * (1 - 0.245 - 0.6 * 50 / 114))
    dark = [(grey(each["chart"].png)[row - 2 : row + 3] < 120).any(axis=0).mean() for each in (without, with_it)]
    assert dark[1] > dark[0] + 0.15


@EACH
def test_bars_of_now_and_before_keep_apart_in_greyscale(language: str) -> None:
    tones = np.bincount(grey(render.charts(FULL, texts(language))["themes"].png).ravel(), minlength=256)
    dark, pale = (Image.new("RGB", (1, 1), tone).convert("L").getpixel((0, 0)) for tone in ("#a63d2f", "#efc9b2"))
    assert isinstance(dark, int)
    assert isinstance(pale, int)
    assert pale - dark > 80
    assert min(tones[dark], tones[pale]) > 2000


@EACH
def test_a_theme_told_on_both_sides_has_one_name_with_bars_that_keep_apart_in_greyscale(language: str) -> None:
    said, long = texts(language), "Friendly and competent staff at the desk"
    assert WHOLE.works
    first, *rest = WHOLE.problems
    both = replace(WHOLE, problems=(replace(first, key="staff", name={"en": long}), *rest))
    both = replace(both, works=replace(WHOLE.works, key="staff", name={"en": long}))
    one, two = (render.charts(each, said)["themes"] for each in (both, WHOLE))
    assert grey(one.png).shape[0] < grey(two.png).shape[0]
    names = [row[0] for row in pairs.tables(both, said)["themes"].rows]
    assert len(names) == len(set(names))
    assert [name for name in names if said("digest.head.works") in name] == names[-1:]
    assert said("digest.head.works") in one.alt
    tones = np.bincount(grey(one.png).ravel(), minlength=256)
    dark, light = (Image.new("RGB", (1, 1), tone).convert("L").getpixel((0, 0)) for tone in ("#a63d2f", pairs.WELL))
    assert isinstance(dark, int)
    assert isinstance(light, int)
    assert light - dark > 40
    assert min(tones[dark], tones[light]) > 2000


def test_no_line_joins_weeks_in_which_the_question_was_worded_otherwise() -> None:
    digest = sample.digest()
    first, *rest = digest.scores
    worded = replace(digest, scores=(replace(first, reworded=digest.period), *rest))

    def between(found: Picture | None) -> int:
        """Count what is drawn in the colour of the line half-way between the last two weeks."""
        assert found is not None
        with Image.open(BytesIO(found.png)) as image:
            middle = round(0.76 * image.width)
            strip = image.convert("RGB").crop((middle, 0, middle + 1, image.height))
            return sum(strip.getpixel((0, row)) == (0xA6, 0x3D, 0x2F) for row in range(image.height))

    joined, apart = picture(digest, texts("en")), picture(worded, texts("en"))
    assert between(joined) > 0
    assert between(apart) == 0
    assert apart is not None
    assert apart.alt.endswith("The question was worded otherwise before week 47: those weeks are not compared.")


def test_names_in_any_letters_are_drawn_as_such() -> None:
    """Nothing is drawn as an empty frame where a font of this machine has the letter."""
    names = ("बस की देरी", "รถเมล์ช้า")
    one, other = (
        grey(
            render.charts(replace(FULL, problems=(replace(FULL.problems[0], name={"en": name}),)), texts("en"))[
                "themes"
            ].png
        )
        for name in names
    )
    assert (one != other).any()
    assert all(fonts.FRAMES not in for_letters(name) for name in names)


def test_numbers_behind_charts_are_tables() -> None:
    found = pairs.tables(FULL, texts("en"))
    assert found["themes"].rows[0] == ("Waiting at hand-over", "14", "6")
    assert found["themes"].rows[2] == ("Door too heavy", "5", "too few")
    assert found["groups"].rows == (
        ("16 to 24", "too few", "14%"),
        ("25 to 64", "70%", "55%"),
        ("65 and older", "30%", "31%"),
    )
    assert pairs.tables(small(*["5"] * 3), texts("en")) == {}


# --------------------------------------------------------------------------- mail


CLIPPED = 100_000
"""Bytes of HTML from which a large mail program shows only the beginning of a mail (102 kB)."""


@EACH
def test_a_mail_keeps_its_looks_where_its_style_sheet_is_thrown_away(language: str) -> None:
    """Sizes, colours and sides stand at each element; the sheet has the dark colours and nothing else."""
    _, mail = render.mail(FULL, texts(language), URL)
    assert len(mail.html.encode()) < CLIPPED
    bare = re.sub(r"<style>.*?</style>|<!--.*?-->", "", mail.html, flags=re.DOTALL)
    for tag in ("h1", "h2", "p", "blockquote", "table", "td", "th", "img", "a"):
        assert all(
            "style=" in found or 'role="presentation"' in found for found in re.findall(rf"<{tag}\b[^>]*>", bare)
        )
    assert "prefers-color-scheme: dark" in mail.html
    assert "<svg" not in mail.html
    assert "flex" not in mail.html
    assert ('dir="rtl"' in bare) == (language == "ar")


def test_every_picture_of_a_mail_is_in_it_and_has_its_words() -> None:
    _, mail = render.mail(FULL, texts("en"), URL)
    shown = re.findall(r'<img src="cid:(\w+)"[^>]* alt="([^"]+)"', mail.html)
    assert {name for name, _ in shown} == set(mail.inline) == {"groups", "chart", "themes", "wanted1"}
    assert all(unescape(alt) == mail.inline[name].alt for name, alt in shown)


def test_even_the_largest_digest_is_not_clipped() -> None:
    quotes = tuple(replace(voice, text="<&>" * 400) for voice in real().voices.quotes)
    large = replace(
        FULL, scores=FULL.scores * 2, results=FULL.results * 6, voices=replace(real().voices, quotes=quotes)
    )
    for language in languages():
        assert len(render.mail(large, texts(language), URL)[1].html.encode()) < CLIPPED
