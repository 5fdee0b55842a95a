"""The parts that only think: words, pace, origins, pictures, the form of a round."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.requests import Request

from bot.channels.web import photos, voices
from bot.channels.web.channel import Line
from bot.channels.web.chat import live
from bot.channels.web.manage import form as forms
from bot.channels.web.pages import local
from bot.channels.web.safety import network, same_origin
from bot.channels.web.words import FOLDER, Dictionary, direction, preferred
from bot.texts import own_name
from flows.model import Button
from storage.messages import CITIZEN
from tests.support import recordings

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
EN = Dictionary.load().words("en")
SAME_IN_SOME = {
    "chat.title",
    "chat.log",
    "chat.bot",
    "round_page.question",
    "privacy.cookies",
    "form.fault",
    "flows.version",
    "flows.versions",
    "after.changed_no",
}
"""Sentences of one word that some language writes as English does: chat, conversation, cookies."""


def _lines(*said: tuple[str, ...]) -> list[Line]:
    """Return the lines of a talk: who says each, and what its buttons carry."""
    buttons = [tuple(Button("-", data) for data in carried) for _, *carried in said]
    return [Line(n, who, "-", "en", buttons[n - 1]) for n, (who, *_) in enumerate(said, 1)]


@pytest.mark.parametrize(
    ("address", "of"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "20010db800010002::/64"),
        ("2001:db8:1:2::9", "20010db800010002::/64"),
        ("fe80::1%eth0", "fe80000000000000::/64"),
        ("", ""),
        ("a socket", "a socket"),
    ],
)
def test_a_network_is_what_one_line_has(address: str, of: str) -> None:
    assert network(address) == of


class TestButtonsThatStillAnswer:
    def test_they_are_those_said_since_the_visitor_spoke(self) -> None:
        lines = _lines(("bot", "tag:hi:yes"), (CITIZEN,), ("bot",), ("bot", "tag:why:no"))
        assert live(lines) == {3, 4}
        assert live(lines[:2]) == set()

    def test_done_stays_for_as_long_as_more_words_may_come(self) -> None:
        lines = _lines(("bot", "tag:why:@done"), (CITIZEN,), (CITIZEN,), ("bot",))
        assert [live(lines[:n]) for n in (1, 2, 3, 4)] == [{1}, {1}, {1}, {4}]

    def test_ticks_are_handed_in_once(self) -> None:
        assert live(_lines(("bot", "tag:which:a", "tag:which:@done"), (CITIZEN,))) == set()


class TestWords:
    def test_every_sentence_is_really_translated(self) -> None:
        """A file that merely repeats English would have all its keys and gaps."""
        others = [words for language, words in Dictionary.load().languages.items() if language != "en"]
        same = {key for words in others for key, text in words.sentences.items() if text == EN.sentences.get(key)}
        assert {key for key in same if not key.startswith("count.")} <= SAME_IN_SOME

    def test_a_language_without_a_file_reads_english(self) -> None:
        assert Dictionary.load().words("fi")("chat.send") == "Send"

    def test_a_region_reads_its_language(self) -> None:
        assert Dictionary.load().words("es-MX")("chat.send") == "Enviar"

    def test_a_further_folder_adds_a_language_and_may_leave_gaps(self, tmp_path: Path) -> None:
        (tmp_path / "he.toml").write_text('[chat]\nsend = "שליחה"\n', "utf-8")
        words = Dictionary.load(tmp_path).words("he")
        assert (words("chat.send"), words.direction, words("chat.you")) == ("שליחה", "rtl", "You")

    @pytest.mark.parametrize(
        ("header", "chosen"),
        [
            ("es-ES,es;q=0.9,en;q=0.8", "es"),
            ("fr,en;q=0.5", "en"),
            ("en;q=0.3,es;q=0.7", "es"),
            ("es;q=0", "en"),
            ("", "en"),
            ("tlh", "en"),
            (";;;q=x,,", "en"),
        ],
    )
    def test_the_browsers_wishes_are_heard(self, header: str, chosen: str) -> None:
        assert preferred(header, ("en", "es")) == chosen

    @given(st.text(max_size=60))
    def test_any_wish_ends_in_a_language_we_speak(self, header: str) -> None:
        assert preferred(header, ("en", "es")) in {"en", "es"}

    def test_days_are_days_of_the_city(self) -> None:
        late = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
        assert EN.day(late, LONDON) == "Wednesday, 1 July 2026"
        assert Dictionary.load().words("es").day(late, LONDON) == "miércoles, 1 de julio de 2026"

    def test_languages_are_called_what_their_speakers_call_them(self) -> None:
        assert [own_name(one) for one in ("es", "ar", "xx-bad-xx")] == ["Español", "العربية", "xx-bad-xx"]
        assert [direction(one) for one in ("ar", "he", "es", "??")] == ["rtl", "rtl", "ltr", "ltr"]

    def test_the_files_say_each_thing_once(self) -> None:
        assert {file.stem for file in FOLDER.glob("*.toml")} == {"ar", "de", "en", "es", "fr", "pt"}


class TestOrigin:
    @pytest.mark.parametrize(
        ("headers", "ours"),
        [
            ({"origin": "https://voice.test"}, True),
            ({"origin": "https://evil.test"}, False),
            ({"origin": "null"}, False),
            ({"referer": "https://voice.test/chat"}, True),
            ({"referer": "https://evil.test/voice.test"}, False),
            ({"sec-fetch-site": "same-origin", "origin": "https://voice.test"}, True),
            ({"sec-fetch-site": "cross-site"}, False),
            ({"sec-fetch-site": "same-site", "origin": "https://other.voice.test"}, False),
            ({"origin": "https://public.test"}, True),
            ({}, True),
        ],
    )
    def test_only_our_own_pages_may_send(self, headers: dict[str, str], ours: bool) -> None:
        raw = [(name.encode(), value.encode()) for name, value in ({"host": "voice.test"} | headers).items()]
        request = Request({"type": "http", "method": "POST", "path": "/chat", "headers": raw})
        assert same_origin(request, "https://public.test") is ours

    @pytest.mark.parametrize("elsewhere", ["https://evil.test", "//evil.test", "/\\evil.test", "\\evil", "", "/a\nb"])
    def test_no_form_sends_people_elsewhere(self, elsewhere: str) -> None:
        assert local(elsewhere, "/home") == "/home"

    def test_a_page_of_ours_stays(self) -> None:
        assert local("/rounds/x") == "/rounds/x"


def jpeg(size: tuple[int, int] = (40, 20), *, turned: bool = False) -> bytes:
    """Return a photo with a position in its hidden data."""
    image = Image.new("RGB", size, "teal")
    exif = Image.Exif()
    exif[0x0110] = "Spy camera"
    exif[0x8825] = {1: "N", 2: (41.0, 24.0, 0.0)}
    if turned:
        exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


class TestPhotos:
    def test_place_and_device_are_gone(self, tmp_path: Path) -> None:
        body = jpeg()
        assert b"Spy camera" in body
        kept = (tmp_path / photos.keep(body, tmp_path, "x")).read_bytes()
        assert b"Spy camera" not in kept
        with Image.open(io.BytesIO(kept)) as image:
            assert not dict(image.getexif())

    def test_it_stands_upright(self, tmp_path: Path) -> None:
        with Image.open(tmp_path / photos.keep(jpeg(turned=True), tmp_path, "x")) as image:
            assert image.size == (20, 40)

    def test_a_large_one_is_made_smaller(self, tmp_path: Path) -> None:
        with Image.open(tmp_path / photos.keep(jpeg((4000, 1000)), tmp_path, "x")) as image:
            assert image.size == (photos.SIDE, photos.SIDE // 4)

    def test_what_shows_through_becomes_white(self, tmp_path: Path) -> None:
        out = io.BytesIO()
        Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(out, "PNG")
        with Image.open(tmp_path / photos.keep(out.getvalue(), tmp_path, "x")) as image:
            assert image.getpixel((1, 1)) == (255, 255, 255)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"GIF89a" + bytes(40),
            jpeg()[:200],
            b"\x89PNG\r\n\x1a\n" + bytes(30),
            bytes(photos.LARGEST + 1),
        ],
        ids=["nothing", "svg", "gif", "torn jpeg", "false png", "too large"],
    )
    def test_what_is_no_photo_is_refused(self, body: bytes, tmp_path: Path) -> None:
        with pytest.raises(photos.NoPicture):
            photos.keep(body, tmp_path, "x")
        assert not list(tmp_path.iterdir())

    def test_a_bomb_is_refused_unopened(self, tmp_path: Path) -> None:
        out = io.BytesIO()
        Image.new("1", (20_000, 20_000)).save(out, "PNG")
        with pytest.raises(photos.NoPicture):
            photos.keep(out.getvalue(), tmp_path, "x")


@dataclass(frozen=True)
class Asked:
    """One need of a flow."""

    name: str
    kind: str = "text"
    meaning: str = ""
    options: tuple[tuple[str, str], ...] = ()
    preset: str = ""
    group: str = ""


@dataclass(frozen=True)
class Kept:
    """A round that exists."""

    title: str
    audience: str
    opens_at: datetime | None
    closes_at: datetime | None
    record: dict[str, object]


NEEDS = (Asked("topic"), Asked("decided_on", "date"), Asked("influence", "choice"), Asked("ideas", "list"))


class TestForm:
    def test_what_was_typed_comes_back_the_same(self) -> None:
        """Editing a draft and saving it without a change changes nothing."""
        typed = {
            "title": "Opening hours",
            "audience": "link",
            "opens_on": "2026-12-01",
            "closes_on": "2026-12-20",
            "topic.en": "the hours",
            "topic.es": "el horario",
            "decided_on": "2027-01-15",
            "influence": "ask",
            "ideas.en": "Open later\nOpen on Sundays",
            "ideas.es": "Abrir más tarde\nAbrir los domingos",
        }
        filled = forms.read(typed, NEEDS, ("en", "es"), LONDON, EN)
        assert filled.errors == []
        kept = Kept(filled.title, filled.audience, filled.opens_at, filled.closes_at, dict(filled.record))
        assert forms.shown(kept, NEEDS, ("en", "es"), LONDON) == typed  # type: ignore[arg-type]

    def test_what_is_not_changed_keeps_its_hour_and_its_ids(self) -> None:
        opens, closes = datetime(2026, 12, 1, 8, tzinfo=LONDON), datetime(2026, 12, 10, 18, tzinfo=LONDON)
        ideas = [("early", {"en": "Early", "es": "Temprano"}), ("o1", {"en": "Late", "es": "Tarde"})]
        kept: Any = Kept("x", "link", opens, closes, {"lists": {"ideas": ideas}})
        typed = forms.shown(kept, NEEDS, ("en", "es"), LONDON)
        filled = forms.read(typed, NEEDS, ("en", "es"), LONDON, EN, kept)
        assert (filled.opens_at, filled.closes_at, filled.record["lists"]) == (opens, closes, {"ideas": ideas})
        changed = typed | {"closes_on": "2026-12-11", "ideas.en": "Sundays\nLate\nEarly", "ideas.es": ""}
        filled = forms.read(changed, NEEDS, ("en", "es"), LONDON, EN, kept)
        assert filled.opens_at == opens
        assert filled.closes_at == datetime(2026, 12, 12, tzinfo=LONDON), "another day ends as it ends"
        lists: Any = filled.record["lists"]
        assert [id_ for id_, _ in lists["ideas"]] == ["o2", "o1", "early"]

    def test_a_round_is_open_from_the_first_minute_of_its_first_day_to_the_last_of_its_last(self) -> None:
        typed = {"title": "x", "audience": "link", "opens_on": "2026-06-01", "closes_on": "2026-06-01"}
        filled = forms.read(typed, (), ("en",), LONDON, EN)
        assert filled.opens_at is not None
        assert filled.closes_at is not None
        assert filled.opens_at.astimezone(UTC) == datetime(2026, 5, 31, 23, 0, tzinfo=UTC)
        assert filled.closes_at - filled.opens_at == timedelta(days=1)
        assert forms.last_day(filled.closes_at, LONDON, EN) == "Monday, 1 June 2026"

    def test_what_is_in_one_language_is_kept_with_it(self) -> None:
        typed = {"title": "x", "audience": "link", "topic.es": "el horario."}
        assert forms.read(typed, NEEDS, ("en", "es"), LONDON, EN).record["topic"] == {"es": "el horario"}

    def test_what_is_the_same_in_every_language_is_kept_without_one(self) -> None:
        typed = {"title": "x", "audience": "link", "decider.en": "the council", "topic.en": "the hours"}
        record = forms.read(typed, (*NEEDS, Asked("decider")), ("en", "es"), LONDON, EN).record
        assert record == {"decider": "the council", "topic": {"en": "the hours"}, "lists": {"ideas": []}}

    def test_options_typed_in_one_language_are_kept_in_that_alone_and_shown_so(self) -> None:
        typed = {"title": "x", "audience": "link", "ideas.es": "Á\nB"}
        record: Any = forms.read(typed, NEEDS, ("en", "es"), LONDON, EN).record
        assert record["lists"] == {"ideas": [("o1", {"es": "Á"}), ("o2", {"es": "B"})]}
        kept: Any = Kept("x", "link", None, None, record)
        again = forms.shown(kept, NEEDS, ("en", "es"), LONDON)
        assert (again["ideas.en"], again["ideas.es"]) == ("", "Á\nB")
        assert forms.read(again, NEEDS, ("en", "es"), LONDON, EN, kept).record == record

    def test_options_kept_without_a_language_stay_so_as_long_as_nobody_rewords_them(self) -> None:
        rows = [("a", "Early"), ("b", "Late")]
        kept: Any = Kept("x", "link", None, None, {"lists": {"ideas": rows}})
        typed = forms.shown(kept, NEEDS, ("en", "es"), LONDON)
        assert forms.read(typed, NEEDS, ("en", "es"), LONDON, EN, kept).record["lists"] == {"ideas": rows}
        reworded = forms.read(typed | {"ideas.es": "Temprano\nTarde"}, NEEDS, ("en", "es"), LONDON, EN, kept)
        both = [("a", {"en": "Early", "es": "Temprano"}), ("b", {"en": "Late", "es": "Tarde"})]
        assert reworded.record["lists"] == {"ideas": both}

    def test_ideas_without_a_translation_keep_their_words(self) -> None:
        typed = {"title": "x", "audience": "link", "ideas.en": "A\n\nB\n", "ideas.es": "Á"}
        lists = forms.read(typed, NEEDS, ("en", "es"), LONDON, EN).record["lists"]
        assert lists == {"ideas": [("o1", {"en": "A", "es": "Á"}), ("o2", {"en": "B", "es": "B"})]}

    def test_every_fault_is_told_at_once_at_its_field(self) -> None:
        typed = {"title": " ", "opens_on": "2026-12-20", "closes_on": "2026-12-01", "decided_on": "soon"}
        errors = forms.read(typed, NEEDS, ("en",), LONDON, EN).errors
        assert [error.name for error in errors] == ["title", "closes_on", "audience", "decided_on"]
        assert all(error.message for error in errors)

    def test_a_day_that_is_none_is_a_fault_not_a_crash(self) -> None:
        typed = {"title": "x", "audience": "link", "closes_on": "31.12.2026"}
        assert [error.name for error in forms.read(typed, (), ("en",), LONDON, EN).errors] == ["closes_on"]


class TestVoices:
    @pytest.mark.parametrize(("ending", "body"), recordings.ALL.items())
    def test_a_recording_is_known_by_its_content_and_says_nothing_but_its_sound(
        self, ending: str, body: bytes, tmp_path: Path
    ) -> None:
        assert recordings.SECRET in body
        name = voices.keep(body, tmp_path, "x")
        kept = (tmp_path / name).read_bytes()
        assert name == f"x.{ending}"
        assert recordings.SOUND in kept
        assert not {part for part in recordings.SECRET.split() if part in kept}
        assert voices.bare(kept) == (kept, ending)

    @pytest.mark.parametrize("body", [recordings.ogg(), recordings.ogg(vorbis=True)])
    def test_pages_of_ogg_keep_their_places_and_have_right_sums(self, body: bytes) -> None:
        kept, _ = voices.bare(body)
        assert len(kept) == len(body)
        pages = [b"OggS" + page for page in kept.split(b"OggS")[1:]]
        assert len(pages) == 3
        assert [page[22:26] for page in pages] == [struct.pack("<I", recordings.checksum(page)) for page in pages]

    @pytest.mark.parametrize(("ending", "body"), recordings.ALL.items())
    def test_a_recording_that_is_torn_or_bent_is_refused_or_read_but_never_breaks(
        self, ending: str, body: bytes
    ) -> None:
        for cut in range(len(body)):
            bent = bytes([*body[:cut], body[cut] ^ 0xFF, *body[cut + 1 :]])
            for each in (body[:cut], bent):
                with suppress(voices.NoVoice):
                    assert voices.bare(each)[1] in voices.ENDINGS
        assert voices.bare(body)[1] == ending

    def test_streams_beside_one_another_are_refused(self) -> None:
        with pytest.raises(voices.NoVoice):
            voices.bare(recordings.ogg() * 2)

    @pytest.mark.parametrize("body", [b"", b"<svg/>", b"MZ", b"\xff\xd8\xff\xe0", b"OggS" + bytes(voices.LARGEST)])
    def test_what_is_no_recording_or_too_large_is_refused(self, body: bytes, tmp_path: Path) -> None:
        with pytest.raises(voices.NoVoice):
            voices.keep(body, tmp_path, "x")
        assert not [*tmp_path.iterdir()]
