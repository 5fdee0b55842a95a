"""What managers read: the same sentences in chat, mail and page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from bot.digests import render
from bot.digests.model import Alert, Reason
from bot.digests.render import items
from bot.digests.render.chat import ALONE, CAPTION, WORDS, cut, units
from bot.digests.render.mail import words as words_of
from bot.digests.results import result
from bot.digests.summarise import Deadline, same_for_reader, sign_of_life, summarise
from bot.digests.weeks import Week
from bot.texts import languages, texts
from tests.bot.digests import sample, test_shorter
from tests.bot.digests.material import One, counted, monday_after, scope
from tests.bot.digests.polled import poll
from tests.bot.digests.test_summarise import PEOPLE
from tests.journeys.data import feedback

if TYPE_CHECKING:
    from bot.digests.model import Digest
    from bot.digests.results import Result

WEEK = Week(2022, 35)
URL = "https://voice.rivermouth.example/manage/digests/ambulance/2022-W35"
EACH = pytest.mark.parametrize("language", languages())


def real(week: Week = WEEK, *, so_far: bool = False) -> Digest:
    people = [One(each.on, each.option, each.text, quotable=n % 3 > 0) for n, each in enumerate(feedback())]
    deadlines = [
        Deadline("night", "Night desk", "open", closes_on=date(2022, 9, 14)),
        Deadline("spring", "Spring round", "closed", feedback_on=date(2022, 8, 30)),
    ]
    made = summarise(counted(people, week), scope(week, deadlines, so_far=so_far), monday_after(week))
    assert made is not None
    return made


def small(*answers: str, before: int = 0, so_far: bool = False) -> Digest:
    people = [One(WEEK.back(1).monday, "5")] * before + [One(WEEK.monday, answer) for answer in answers]
    made = summarise(counted(people, WEEK), scope(WEEK, so_far=so_far), monday_after(WEEK))
    assert made is not None
    return made


class Page(HTMLParser):
    """What a mail program finds in HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.pictures: list[dict[str, str | None]] = []
        self.cells: list[str] = []
        self.words = ""
        self._cell = False
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden = self._hidden or tag == "style"
        self._cell = tag in ("td", "th")
        if tag == "img":
            self.pictures.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self._hidden = self._hidden and tag != "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words += data
            self.cells += [data.strip()] if self._cell else []


# --------------------------------------------------------------------------- chat


def test_a_chat_digest_tells_the_story_in_order() -> None:
    text, picture = render.chat(real(), texts("en"), URL)
    order = ["week 35", "Spring round", "Night desk", "125 people", "Deliver: 94%", "more texts", "They chose", URL]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert "(118 of 125), range 89–97 (chance only)" in text
    assert "Against the last 4 weeks (over 80%): a real rise." in text
    assert picture is not None


def test_the_same_in_spanish() -> None:
    text, _ = render.chat(real(), texts("es"), URL)
    assert "Prestación: 94\N{NO-BREAK SPACE}% dijo muy buena o buena (118 de 125), margen 89–97 (solo azar)." in text
    assert "una subida real" in text
    assert "venció el 30 de agosto, 6 días de retraso" in text


@settings(deadline=None, max_examples=30)
@given(PEOPLE)
def test_a_chat_digest_always_fits_under_its_picture(people: list[One]) -> None:
    week = Week(2026, 47)
    shouting = [One(one.on, one.choice, "😱 word" * 90, one.channel) for one in people]
    made = summarise(counted(shouting, week), scope(week), monday_after(week))
    if made is not None:
        for language in ("en", "es"):
            text = render.message(made, texts(language), URL)
            assert units(text) <= CAPTION
            assert text.endswith(URL)


def test_many_rounds_with_long_names_still_fit_and_keep_the_link() -> None:
    deadlines = [Deadline(str(n), "A very long name " * 11, "open", closes_on=date(2022, 9, 9)) for n in range(12)]
    made = summarise(counted([One(WEEK.monday, "5")] * 50, WEEK), scope(WEEK, deadlines), monday_after(WEEK))
    assert made is not None
    text = render.message(made, texts("en"), URL)
    assert units(text) <= ALONE
    assert text.endswith(URL)


def test_a_long_quote_ends_at_a_word_and_keeps_its_marks() -> None:
    people = [One(WEEK.monday, "5", f"{n} " + "wonderful " * 60) for n in range(12)]
    made = summarise(counted(people, WEEK), scope(WEEK), monday_after(WEEK))
    assert made is not None
    quotes = re.findall(r"“.*”", render.message(made, texts("en")))
    assert len(quotes) == 3
    assert all(quote.endswith("wonderful…”") for quote in quotes)


def test_emoji_count_as_chats_count_them() -> None:
    assert units("a😱") == 3
    assert cut("😱" * 20, 10) == "😱" * 4 + "…"
    assert cut("one two three", 9) == "one two…"


# --------------------------------------------------------------------------- what is said of little


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (["5"] * 3, "Under 5 new answers: shares and words wait"),
        (["5"] * 8, "Deliver: 8 answers, too few for a percentage."),
        (["5"] * 8 + ["1"] * 6, "57% said very good or good (8 of 14), range 33–79 (chance only): an indication only."),
        (["5"] * 12, "Deliver: over 50% of 12 said very good or good: an indication only. No exact figure: fewer"),
        (["1"] * 12, "Deliver: under 50% of 12 said very good or good: an indication only. No exact figure: fewer"),
        (["1"] * 20 + ["5"] * 3, "under 30% of 23 said very good or good: an indication only. No exact figure:"),
        (["5"] * 47 + ["1"] * 3, "Deliver: over 90% of 50 said very good or good. No exact figure: fewer than 5"),
        (["1"] * 47 + ["5"] * 3, "fewer than 5 people said so. Over 90% said poor or very poor."),
        (["na"] * 6, "Deliver: under 5 answers. 6 do not know."),
        (["5"] * 40 + ["na"] * 2, "Under 5 do not know."),
        (["5"] * 40, "Too few answers in the last 4 weeks to compare."),
    ],
)
def test_small_numbers_are_told_with_care(answers: list[str], said: str) -> None:
    assert said in render.message(small(*answers), texts("en"))


def test_a_running_week_says_that_it_lags() -> None:
    told = render.message(small(*["5"] * 40, so_far=True), texts("en"))
    assert "come in steps of 5 answers, one step behind." in told
    assert "so far" in render.message(real(so_far=True), texts("en"))


def test_one_person_is_one_person() -> None:
    assert "1 person answered, 31 in total." in render.message(small("5", before=30), texts("en"))
    assert "Respondió 1 persona, 31 en total." in render.message(small("5", before=30), texts("es"))


# --------------------------------------------------------------------------- mail


@EACH
def test_a_mail_says_the_same_as_the_page_in_text_and_html(language: str) -> None:
    told = render.page(real(), texts(language), quotes=5)
    text, mail = render.mail(real(), texts(language), URL)
    html = " ".join(Page(mail.html).words.split())
    plain = " ".join(text.split())
    lines = (told.title, told.new, *told.clock, *told.stages[0].sentences, told.quotes[0].text, told.caveat)
    for line in (*lines, told.hidden, told.method):
        assert " ".join(line.split()) in plain
        assert " ".join(line.split()) in html
    assert mail.subject == told.subject


def test_the_chart_in_a_mail_has_words_and_its_numbers_stand_in_a_table() -> None:
    """Nobody needs to see the picture."""
    _, mail = render.mail(real(), texts("en"), URL)
    page = Page(mail.html)
    (picture,) = page.pictures
    assert picture["src"] == "cid:chart"
    assert set(mail.inline) == {"chart"}
    assert "week 34: 75% of 32; week 35: 94% of 125" in (picture["alt"] or "")
    assert page.cells[page.cells.index("35") :][:4] == ["35", "94%", "89–97", "125"]


def test_a_mail_shows_nobodys_markup() -> None:
    people = [One(WEEK.monday, "5", "<img src=x onerror=alert(1)> & co")] * 12
    made = summarise(counted(people, WEEK), scope(WEEK), monday_after(WEEK))
    assert made is not None
    _, mail = render.mail(made, texts("en"))
    assert len(Page(mail.html).pictures) == 1
    assert "&lt;img src=x" in mail.html


def test_a_mail_without_pages_has_no_dead_link() -> None:
    text, mail = render.mail(real(), texts("en"))
    assert "href" not in mail.html
    assert "http" not in text


@EACH
@pytest.mark.parametrize("number", range(29, 36))
def test_a_digest_of_a_real_week_stays_under_four_hundred_words(number: int, language: str) -> None:
    """Counted in the chat and in the mail without its table."""
    digest = real(Week(2022, number))
    assert items.words(render.message(digest, texts(language), URL)) < 250
    text, _ = render.mail(digest, texts(language), URL)
    assert words_of(text) < 400


# --------------------------------------------------------------------------- chart


def test_the_chart_is_a_picture_a_chat_takes_and_the_same_every_time() -> None:
    picture = render.picture(real(), texts("en"))
    assert picture is not None
    with Image.open(BytesIO(picture.png)) as image:
        assert (image.format, image.size) == ("PNG", (960, 576))
    assert picture == render.picture(real(), texts("en"))


def test_a_chart_in_arabic_begins_at_the_right_with_its_letters_joined() -> None:
    """Where letters are joined, two take less room than each by itself; the newest week stands at the left."""
    picture = render.picture(real(), texts("ar"))
    assert picture is not None
    with Image.open(BytesIO(picture.png)) as image:
        grey = np.asarray(image.convert("L"))
    left, right = grey[30:50, :200], grey[30:50, -200:]
    assert (left > 200).all(), "the title begins at the right"
    assert (right < 100).any()
    figure = Figure()
    FigureCanvasAgg(figure)
    joined, apart = (
        figure.text(0, 0, word).get_window_extent().width for word in ("نسبة", "ن س ب ة".replace(" ", "\u200c"))
    )
    assert joined < apart


def test_line_and_range_keep_apart_in_greyscale() -> None:
    """Paper, range and line differ clearly in lightness alone."""
    picture = render.picture(real(), texts("en"))
    assert picture is not None
    with Image.open(BytesIO(picture.png)) as image:
        grey = image.convert("L").histogram()
    paper, shade, line = (Image.new("RGB", (1, 1), tone).convert("L").getpixel((0, 0)) for tone in PALETTE)
    assert isinstance(paper, int)
    assert isinstance(shade, int)
    assert isinstance(line, int)
    assert paper - shade > 25
    assert shade - line > 80
    assert all(grey[tone] > 50 for tone in (paper, shade, line))


PALETTE = ("#fffaf3", "#efc9b2", "#a63d2f")


def test_without_a_share_there_is_no_chart() -> None:
    assert render.picture(small(*["5"] * 8), texts("en")) is None


def test_weeks_before_the_first_answers_are_not_drawn() -> None:
    told = render.page(real(), texts("en"))
    assert [row.week for row in told.stages[0].rows] == [str(number) for number in range(29, 36)]
    assert [row.now for row in told.stages[0].rows] == [False] * 6 + [True]


# --------------------------------------------------------------------------- words


def test_a_regional_language_falls_back_to_its_parent_and_then_to_english() -> None:
    assert texts("es-MX")("stage.design") == "Diseño"
    assert texts("tlh")("stage.design") == "Design"
    assert texts("ar-XX")("stage.design") == texts("ar")("stage.design")
    assert texts("eu-ES").language == "en"


def test_numbers_and_days_are_written_as_the_language_does() -> None:
    assert texts("en").number(1234567) == "1,234,567"
    assert texts("es").number(1234567) == "1.234.567"
    assert texts("en").day(date(2026, 11, 16)) == "16 November"
    assert texts("es").day(date(2026, 11, 16)) == "16 de noviembre"
    assert texts("en").percent(68) == "68%"


def test_words_since_a_quiet_week_say_so() -> None:
    people = [One(WEEK.monday - timedelta(days=3), "5", "Quiet")] * 2 + [One(WEEK.monday, "5", "Loud")] * 12
    made = summarise(counted(people, WEEK), scope(WEEK), monday_after(WEEK))
    assert made is not None
    assert "Words since 22 August." in render.message(made, texts("en"))


# --------------------------------------------------------------------------- what people want


def wanted(kind: str, people: int = 100) -> Result:
    """A result of each kind, of so many people of one mind and ten of another."""
    ways: dict[str, tuple[list[str], list[str], int]] = {
        "rank": (["a", "b", "c"], ["b", "a"], 3),
        "allocate": (["a=6", "b=4", "c=0"], ["a=0", "b=5", "c=5"], 10),
        "bestworst": (["a,b,c:a:c"], ["a,b,c:b:a"], 0),
    }
    one, other, most = ways[kind]
    return result(poll(kind, [one] * (people - 10) + [other] * 10, most=most), 5)


@EACH
@pytest.mark.parametrize("kind", ["rank", "allocate", "bestworst"])
def test_what_people_want_is_told_alike_in_chat_mail_and_bars(kind: str, language: str) -> None:
    digest, said = replace(real(), results=(wanted(kind),)), texts(language)
    (told,) = render.page(digest, said).wanted
    plain, mail = render.mail(digest, said, URL)
    html = Page(mail.html)
    for words in (render.message(digest, said), plain, html.words):
        assert " ".join(told.sentences[0].split()) in " ".join(words.split())
    assert [row[0] for row in told.rows] == ["1", "2", "3"]
    assert "Option a" in told.rows[0][1]
    assert "Option a" in told.alt
    assert html.pictures[1] == {**html.pictures[1], "src": "cid:wanted1", "alt": told.alt}
    assert set(mail.inline) == {"chart", "wanted1"}
    assert len(told.columns) == len(told.rows[0])


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("rank", "1. Option a: over 90; 2. Option b: 55; 3. Option c: under 10."),
        ("allocate", "1. Option a: 55%; 2. Option b: 40%; 3. Option c: under 10%."),
        ("bestworst", "1. Option a: +0.80; 2. Option b: +0.10; 3. Option c: under -0.80."),
    ],
)
def test_scores_are_told_in_their_own_measure_and_their_ends_as_bounds(kind: str, said: str) -> None:
    digest = replace(real(), results=(wanted(kind),))
    assert said in render.message(digest, texts("en"))


def test_few_people_want_nothing_yet() -> None:
    for people, words in ((3, "under 5 people have answered"), (9, "9 people have answered, too few for an order.")):
        few = result(poll("rank", ["abc"] * people), 5)
        digest = replace(real(), results=(few,))
        assert words in render.message(digest, texts("en"))
        assert set(render.mail(digest, texts("en"))[1].inline) == {"chart"}


def test_bars_stand_in_for_the_chart_of_weeks_where_there_is_none() -> None:
    digest = replace(small(*["5"] * 8), results=(wanted("rank"),))
    _, picture = render.chat(digest, texts("en"))
    assert picture == render.bar_chart(wanted("rank"), texts("en"))


def test_bars_in_arabic_grow_from_the_right() -> None:
    """The best option has the longest bar: at the left of the names in Arabic, at their right elsewhere."""
    shade = Image.new("RGB", (1, 1), "#efc9b2").getpixel((0, 0))
    middles = {}
    for language in ("en", "ar"):
        picture = render.bar_chart(wanted("allocate"), texts(language))
        assert picture is not None
        with Image.open(BytesIO(picture.png)) as image:
            pixels = np.asarray(image.convert("RGB"))
        middles[language] = float(np.nonzero((pixels == shade).all(axis=2))[1].mean()) / pixels.shape[1]
    assert middles["en"] > 0.36
    assert middles["ar"] < 0.64
    assert middles["en"] + middles["ar"] == pytest.approx(1.0, abs=0.05)


# --------------------------------------------------------------------------- the ten items


def test_the_sample_is_told_in_ten_items_in_their_order() -> None:
    text, _ = render.mail(sample.digest(), texts("en"), URL)
    order = [
        "Act: “Spring round” is 6 days overdue; “Waiting at hand-over” doubled: 14 people; hardly heard: age 16-24.",
        "DEADLINES",
        "Record: 11 of 20.",
        "WHO ANSWERED",
        "81% of 62 who began came to the end.",
        "Too few: age 16-24 (ratio 0.4), Northgate (ratio 0.6).",
        "18 points below the last 4 weeks (86% of 70): a real change.",
        "1. Waiting at hand-over: 14 people, 6 the week before, mostly at “Hand-over”. “I stood there for 25 minutes.”",
        "3. Door too heavy: 5 people, under 5 the week before.",
        "1 more theme.",
        "Friendly staff: 21 people, 20 the week before. “They helped me find it.”",
        "1. Option a: 80; 2. Option b: 70; 3. Option c: under 20.",
        "Late: SMS test (Kim, due 10 November, 13 days late).",
        "Done: new sign (Ali).",
        "Not done: Sunday hours. Why: no staff.",
        "Told back: about 40 of about 60.",
        "Fix: Waiting at hand-over, at “Hand-over”.",
        "Answers deleted by people: 1. No figure is weighted.",
    ]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


@EACH
def test_chat_and_mail_of_the_sample_are_one_page_with_a_short_headline(language: str) -> None:
    digest = sample.digest()
    told = render.page(digest, texts(language))
    assert 0 < items.words(told.headline) <= items.WORDS
    message = render.message(digest, texts(language), URL)
    assert items.words(message) < WORDS
    assert words_of(render.mail(digest, texts(language), URL)[0]) < WORDS
    for part in (told.headline, *told.problems, told.works, *told.deeds, *told.proposals, told.caveat, URL):
        assert part in message


def test_a_headline_of_long_names_leaves_out_what_does_not_fit_and_says_so() -> None:
    name = {"en": "one two three four five six seven"}
    alerts = tuple(Alert(Reason.DOUBLED, 12, name) for _ in range(3))
    told = items.headline(replace(sample.digest(), alerts=alerts), texts("en"))
    assert items.words(told) <= items.WORDS
    assert told.endswith("; 1 more.")


def test_what_was_told_last_time_is_not_told_again() -> None:
    before = replace(sample.digest(), period="2026-W46")
    later = sample.digest(earlier=before)
    later = replace(later, again=tuple(same_for_reader(later, before)))
    message = render.message(later, texts("en"), URL)
    assert "“Garden”: as last time." in message
    assert "Too few, as last time: age 16-24" in message
    assert "As last time: Fix: Waiting at hand-over" in message


def test_deeds_and_gap_that_say_nothing_new_say_so_in_a_few_words() -> None:
    before = replace(test_shorter.full(1), period="2026-W46")
    now = replace(before, period="2026-W47", again=())
    same = render.page(replace(now, again=tuple(same_for_reader(now, before))), texts("en"))
    assert same.deeds == ("3 as last time.",)
    assert same.gap == ("As last time.",)
    assert before.gap
    moved = replace(before, gap=replace(before.gap, calibration=9))
    told = render.page(replace(now, again=tuple(same_for_reader(now, moved))), texts("en"))
    assert len(told.gap) == 1
    assert "a blind spot" in told.gap[0], "the second line is new, and the first is not told again"


def test_of_many_deadlines_three_are_told_and_the_rest_is_counted() -> None:
    deadlines = [Deadline(str(n), f"Round {n}", "open", closes_on=date(2022, 9, 9 + n)) for n in range(6)]
    made = summarise(counted([One(WEEK.monday, "5")] * 50, WEEK), scope(WEEK, deadlines), monday_after(WEEK))
    assert made is not None
    told = render.page(made, texts("en"))
    assert (len(told.clock), told.clock[-1]) == (4, "3 more dates.")


def test_a_sign_of_life_is_one_sentence() -> None:
    made = sign_of_life(scope(WEEK), monday_after(WEEK))
    message = render.message(made, texts("en"), URL)
    assert "Steady: nothing new, no date is near, and everything runs." in message
    assert len(message.split()) < 40
