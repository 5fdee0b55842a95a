"""The counter: staff take down what somebody says elsewhere, each entry a person of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from bot.channels.web.channel import Line, line_of
from bot.counter import Talk, Voice
from bot.errors import Refused
from flows.model import Kind, Message
from storage import people
from storage.entries import GROUP, Voices
from tests.bot.test_turns import INTO

if TYPE_CHECKING:
    from tests.support.house import Citizen, House

PULSE = (*INTO, "Good", "Skip", "Skip", "Skip", "Skip", "No")
"""The last No is to being quoted; what asks to be written to is not asked."""
ONE = Voice()


def staff(house: House, name: str = "Olive") -> int:
    with house.database.transaction() as db:
        return people.add(db, name, "en", house.clock()).id


class Taking:
    """One entry, taken down by tapping labels."""

    def __init__(
        self, house: House, code: str, channel: str = "phone", voice: Voice = ONE, who: int | None = None
    ) -> None:
        self.house, self.code = house, code
        self.name = house.counter.begin(code, channel, "en", voice, who).name
        self.forms = 0

    @property
    def talk(self) -> Talk:
        return self.house.counter.look(self.code, self.name)

    def says(self, text: str) -> Talk:
        return self._sent(Message(Kind.TEXT, text), text)

    def does(self, *labels: str) -> Talk:
        for label in labels:
            data = next(b.data for each in reversed(lines(self.talk)) for b in each.buttons if b.label == label)
            self._sent(Message(Kind.TAP, data=data), label)
        return self.talk

    def _sent(self, message: Message, shown: str) -> Talk:
        self.forms += 1
        return self.house.counter.say(self.code, self.name, message, shown, f"form {self.forms}")


def lines(talk: Talk) -> list[Line]:
    return [line_of(each) for each in talk.lines]


def asked(talk: Talk) -> str:
    return next(line.text for line in reversed(lines(talk)) if not line.mine)


def test_an_entry_goes_to_its_end_and_gives_a_receipt(house: House) -> None:
    taking = Taking(house, house.pulse().code, "paper")
    talk = taking.does(*PULSE)
    assert talk.over
    assert re.fullmatch(r"\w{4}-\w{4}-\w{4}", talk.receipt)
    assert {(row.channel, row.withdrawn_at) for row in house.table("answers")} == {("paper", None)}
    assert all(row.counted_at for row in house.table("answers"))


def test_nobody_is_asked_whether_the_bot_may_write_later_and_nothing_is_sent(house: House) -> None:
    taking = Taking(house, house.pulse().code)
    talk = taking.does(*PULSE)
    words = " ".join(line.text for line in lines(talk))
    assert "quote your words" in words
    assert "send you the result" not in words
    assert "invite you again" not in words
    assert house.table("wishes") == house.table("outbox") == house.table("inbox") == []
    (contact,) = house.table("contacts")
    assert contact.invite_again_at is None
    assert contact.unreachable_at is not None


def test_who_entered_it_stands_beside_the_passage_and_not_in_the_answers(house: House) -> None:
    olive = staff(house)
    taking = Taking(house, house.pulse().code, who=olive)
    taking.does(*PULSE)
    assert [row.person_id for row in house.table("entries")] == [olive]
    assert "Olive" not in str([tuple(row) for name in ("answers", "sessions") for row in house.table(name)])


def test_who_entered_it_when_stands_in_the_log_which_tells_if_it_is_changed_later(house: House) -> None:
    code, who = house.pulse().code, staff(house)
    house.counter.operator = "ada"
    for voice in (ONE, Voice.of(GROUP, 12, "")):
        Taking(house, code, "paper", voice, who)
    Taking(house, code, "paper", ONE)
    assert [(each.who, each.operator) for each in house.rounds.log(code)[2:]] == [
        ("Olive", "ada"),
        ("Olive", "ada"),
        ("operator ada", "ada"),
    ]
    assert [(each.who, times) for each, times in house.rounds.told(code)[2:]] == [("Olive", 2), ("operator ada", 1)]
    assert house.rounds.prove(code).whole
    with house.database.transaction() as db:
        db.exec_driver_sql("UPDATE entries SET late = (kind = 'group')")
    assert house.rounds.prove(code).altered == ("entries.late",)


def test_two_entries_at_once_are_two_people(house: House) -> None:
    code = house.pulse().code
    one, other = Taking(house, code, who=staff(house)), Taking(house, code, "desk", who=staff(house, "Max"))
    one.does(*INTO)
    other.does(*INTO, "Very poor")
    one.does(*PULSE[len(INTO) :])
    assert one.talk.receipt
    assert not other.talk.receipt
    said = {row.choice for row in house.table("answers") if row.choice}
    assert len({row.pseudonym for row in house.table("answers")}) == 2
    assert len(said) == 2


async def test_the_member_of_staff_keeps_a_passage_of_their_own(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    await citizen.starts(code)
    await citizen.does(*INTO)
    Taking(house, code, who=staff(house)).does(*PULSE)
    assert "How" in (await citizen.does("Very good"))[-1].text or citizen.answers(code)
    assert {row.channel for row in house.table("answers")} == {"phone", "pigeon"}


def test_whoever_enters_goes_back_as_citizens_do(house: House) -> None:
    taking = Taking(house, house.pulse().code)
    question = asked(taking.does(*INTO))
    taking.does("Good")
    assert question in asked(taking.says("BACK"))
    taking.does("Very poor")
    assert [row.choice for row in house.table("answers") if row.withdrawn_at is None] == ["1"]


def test_stop_ends_the_entry_and_nobody_goes_on_a_list(house: House) -> None:
    taking = Taking(house, house.pulse().code)
    taking.does(*INTO)
    talk = taking.says("STOP")
    assert talk.over
    assert not talk.receipt
    assert [row.stopped_at for row in house.table("contacts")] == [None]


def test_the_same_form_twice_is_one_answer(house: House) -> None:
    taking = Taking(house, house.pulse().code)
    taking.does(*INTO)
    message = Message(Kind.TEXT, "1")
    for _ in range(2):
        house.counter.say(taking.code, taking.name, message, "1", "same")
    assert len(house.table("answers")) == 1


def test_human_names_a_person_since_nobody_can_write_back(house: House) -> None:
    taking = Taking(house, house.pulse().code)
    taking.does(*INTO)
    assert "555 0142" in " ".join(line.text for line in lines(taking.says("HUMAN"))[-3:])
    assert house.table("threads") == []


async def test_the_receipt_opens_the_answers_in_the_persons_own_chat(house: House, citizen: Citizen) -> None:
    code = house.pulse().code
    receipt = Taking(house, code, voice=Voice.of("group", 7, "")).does(*PULSE).receipt
    said = await citizen.says(receipt)
    assert "Good" in " ".join(each.text for each in said)


def test_what_is_said_in_a_formal_round_counts_once_it_is_handed_in(house: House) -> None:
    taking = Taking(house, house.need().code)
    taking.does(*INTO, *["Skip"] * 9, "No, thank you", "No")
    assert not any(row.counted_at for row in house.table("answers"))
    assert taking.says("OK").receipt
    assert all(row.counted_at for row in house.table("answers"))


def test_groups_and_organisations_are_counted_apart(house: House) -> None:
    code = house.pulse().code
    voices = [ONE, Voice.of("group", 24, ""), Voice.of("group", 6, ""), Voice.of("organisation", None, " The  Choir ")]
    for voice in voices:
        Taking(house, code, voice=voice).does(*PULSE)
    Taking(house, code, voice=Voice.of("group", 99, "")).does(*INTO)
    assert house.rounds.voices(code) == Voices(individuals=1, groups=2, heads=30, organisations=("The Choir",))


@pytest.mark.parametrize(
    ("kind", "heads", "name", "said"),
    [
        ("group", None, "", "a whole number from 2"),
        ("group", 1, "", "a whole number from 2"),
        ("group", 20_000, "", "to 10000"),
        ("organisation", None, "  ", "the name of the organisation"),
        ("organisation", None, "x" * 121, "at most 120 letters"),
        ("crowd", None, "", "choose of individual, group, organisation"),
        ("individual", 12, "", "choose for whom it speaks"),
        ("individual", None, "Bowling club", "choose for whom it speaks"),
        ("group", 12, "Bowling club", "choose for whom it speaks"),
        ("organisation", 12, "Bowling club", "choose for whom it speaks"),
    ],
)
def test_a_voice_that_cannot_be_is_refused(kind: str, heads: int | None, name: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        Voice.of(kind, heads, name)


def test_only_an_open_round_takes_entries_and_only_its_own_page_finds_one(house: House) -> None:
    code, other = house.pulse().code, house.pulse().code
    taking = Taking(house, code)
    for where, name in ((other, taking.name), (code, "phone-guess"), (code, "web-guess"), (code, "")):
        with pytest.raises(Refused, match="there is no such entry"):
            house.counter.look(where, name)
    house.rounds.pause(code, why="flood")
    assert taking.talk.over
    with pytest.raises(Refused, match="the round is not open"):
        Taking(house, code)


def test_deleted_is_deleted(house: House) -> None:
    taking = Taking(house, house.pulse().code)
    taking.does(*INTO, "Good")
    taking.says("DELETE")
    with pytest.raises(Refused, match="there is no such entry"):
        taking.says("yes")
    assert house.table("answers") == house.table("entries") == house.table("sessions") == []


async def test_a_passage_deleted_by_its_receipt_leaves_no_name_of_an_organisation(
    house: House, citizen: Citizen
) -> None:
    receipt = Taking(house, house.pulse().code, voice=Voice.of("organisation", None, "The Choir")).does(*PULSE).receipt
    for said in (receipt, "DELETE", "yes"):
        await citizen.says(said)
    assert house.table("answers") == house.table("entries") == house.table("sessions") == []


def test_an_entry_that_staff_break_off_is_nobody_who_stopped_at_a_question(house: House) -> None:
    code = house.pulse().code
    for _ in range(12):
        Taking(house, code, "paper").does(*INTO)
    assert house.table("moves") == []
    numbers = house.rounds.numbers(code)
    assert (numbers.started, numbers.finished, numbers.stops) == (0, 0, ())
    Taking(house, code, "paper").does(*PULSE)
    numbers = house.rounds.numbers(code)
    assert (numbers.started, numbers.finished, numbers.stops) == (1, 1, ())
