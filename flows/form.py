"""The file format: what may stand in a flow, a frame, a file of items, of scales, of phrases, or a translation.

pydantic reads it strictly: an unknown key is a fault, and a number in quotes is no number. `python -m flows.form`
writes the JSON schema from which editors complete.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from flows import dates
from flows.model import Stage

VERBS = (
    *("say", "choose", "pick", "rate", "rank", "allocate", "bestworst", "ask", "number", "date"),
    *("place", "photo", "voice", "review", "end"),
)
"""What can happen in a state; the verb is the key of its text."""

ROLES = ("age", "begin", "gate", "quote", "result", "invite")

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", min_length=1, max_length=40)]
FlowName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Wording = Annotated[str, StringConstraints(strip_whitespace=True)]
Role = Literal["age", "begin", "gate", "quote", "result", "invite"]


class Form(BaseModel):
    """Base of all forms: strict, closed, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


class OptionForm(Form):
    """One offered answer."""

    id: Name
    label: Text
    next: Name | None = Field(None, description="Where this answer leads; else the state's own next.")
    value: int | None = Field(None, description="Score of the answer: 5 best, 1 worst.")
    exclusive: bool = Field(default=False, description="In a pick: cannot go together with others (none of these).")


class CompareForm(Form):
    """What an earlier answer is compared with; all that is given must hold."""

    not_: str | int | float | bool | None = Field(None, alias="not")
    not_in: list[str | int | float] | None = None
    contains: str | None = None
    less: float | None = None
    more: float | None = None
    answered: bool | None = None


Single: TypeAlias = str | int | float | bool


def _shape(value: object) -> str:
    return "list" if isinstance(value, list) else "table" if isinstance(value, dict | CompareForm) else "value"


Wanted = Annotated[
    Annotated[Single, Tag("value")]
    | Annotated[list[str | int | float], Tag("list")]
    | Annotated[CompareForm, Tag("table")],
    Discriminator(_shape),
]


class WhenForm(Form):
    """State id, or @language, @channel, @first_time, @area, @before, @last: the value that leads this way.

    All that stands here holds.

    `all`, `any` and `not` put such tables together, as deep as an author likes.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow", strict=True, frozen=True)
    __pydantic_extra__: dict[str, Wanted] = Field(init=False)  # how pydantic types what is extra

    all_: list[WhenForm] | None = Field(None, alias="all", description="Each of these tables holds.")
    any_: list[WhenForm] | None = Field(None, alias="any", description="At least one of these tables holds.")
    not_: WhenForm | None = Field(None, alias="not", description="This table does not hold.")

    @property
    def compared(self) -> dict[str, Wanted]:
        """What is compared right here: state id or context to what is wanted of it."""
        return self.__pydantic_extra__

    @property
    def together(self) -> dict[str, list[WhenForm]]:
        """The tables put together here, by `all`, `any` or `not`."""
        groups = {"all": self.all_, "any": self.any_, "not": None if self.not_ is None else [self.not_]}
        return {how: tables for how, tables in groups.items() if tables is not None}

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands here, so that it always holds."""
        return not self.compared and not self.together


class WayForm(Form):
    """One way on: taken when all of `when` holds; without `when` it always is."""

    to: Name
    when: WhenForm = WhenForm()


Next = Annotated[
    Annotated[Name, Tag("value")] | Annotated[list[WayForm], Tag("list")],
    Discriminator(lambda value: "list" if isinstance(value, list) else "value"),
]


class LineForm(Form):
    """One line of a column: the first whose `when` holds says what stands in it."""

    when: WhenForm = WhenForm()
    answer: Name = Field("", validate_default=False, description="The state whose answer stands in the column.")
    value: str | None = Field(None, description="What stands in the column; empty: nothing.")


class SayCore(Form):
    """The bot says something and goes on."""

    say: Text


class ChooseCore(Form):
    """One of several options."""

    choose: Text
    options: list[OptionForm] = []
    options_from: Name | None = Field(None, description="A list the round brings, put before the options.")
    scale: Name | None = Field(None, description="A scale of the bank whose steps are the options.")


class PickCore(Form):
    """Several of several options."""

    pick: Text
    options: list[OptionForm] = []
    options_from: Name | None = None
    least: int = Field(1, ge=1)
    most: int | None = Field(None, ge=1)


class RateCore(Form):
    """One step of a scale of the bank, best first."""

    rate: Text
    scale: Name
    dont_know: bool = Field(default=True, description="Offer `does not apply` under the scale.")


class _OfferCore(Form):
    options: list[OptionForm] = []
    options_from: Name | None = Field(None, description="A list the round brings, put before the options.")


class RankCore(_OfferCore):
    """The best few of several options, in order."""

    rank: Text
    least: int = Field(1, ge=1)
    most: int | None = Field(None, ge=1, description="How many can be put in order; else all of them.")


class AllocateCore(_OfferCore):
    """Points divided over all options."""

    allocate: Text
    points: int = Field(10, ge=2, le=1000, description="How many points everybody divides.")


class BestWorstCore(_OfferCore):
    """The best and the last of a few options at a time."""

    bestworst: Text
    cards: int = Field(3, ge=1, le=12, description="About how many cards one citizen gets.")
    shows: int = Field(4, ge=3, le=5, description="About how many options stand on a card.")


_JOINS = (
    "Messages in a row, each at most so many seconds after the one before, are one answer. "
    "The next question waits so long."
)


_SIDE = (
    "What the question asks for: what is wrong or could be better (problem), or what is good (works). "
    "Without it the score of the writer says on which side of a digest the words stand."
)


class AskCore(Form):
    """Free text."""

    ask: Text
    least: int = Field(1, ge=1)
    most: int = Field(1000, ge=1, le=4000)
    joins_within_seconds: int | None = Field(None, ge=1, le=120, description=_JOINS)
    only: Literal["digits"] | None = Field(None, description="digits: a code such as a card number, kept as written.")
    side: Literal["problem", "works"] | None = Field(None, description=_SIDE)


class NumberCore(Form):
    """A number."""

    number: Text
    least: float | None = Field(None, allow_inf_nan=False)
    most: float | None = Field(None, allow_inf_nan=False)
    unit: str = ""
    whole: bool = False


def _is_day(text: str) -> str:
    if text != dates.TODAY and dates.parse(text) is None:
        raise ValueError('write a day such as "2026-03-01", or "today"')
    return text


DayText = Annotated[str, AfterValidator(_is_day)]


class DateCore(Form):
    """A day."""

    date: Text
    least: DayText | None = Field(None, description='The first day allowed: "2026-03-01", or "today".')
    most: DayText | None = Field(None, description='The last day allowed: "2026-03-01", or "today".')


class PlaceCore(Form):
    """A shared position, or a street or area in words."""

    place: Text


class PhotoCore(Form):
    """A picture."""

    photo: Text


class VoiceCore(Form):
    """A spoken message."""

    voice: Text


class _StateKeys(Form):
    next: Next | None = Field(None, description="The next state, or a list of ways; else the next in the file.")
    why: Wording = Field("", description="What a citizen reads who sends WHY.")


_TAPS = (
    "A tap on the buttons of a question answered before: edit changes the answer, repeat asks today's question again."
)


class _QuestionKeys(_StateKeys):
    optional: bool | None = Field(None, description="Whether SKIP is allowed; true unless it has a role.")
    role: Role | None = None
    taps: Literal["edit", "repeat"] | None = Field(None, description=_TAPS)


class SayForm(_StateKeys, SayCore):
    """A state that says."""


class ChooseForm(_QuestionKeys, ChooseCore):
    """A state that lets choose."""


class PickForm(_QuestionKeys, PickCore):
    """A state that lets pick."""


class RateForm(_QuestionKeys, RateCore):
    """A state that lets rate."""


class RankForm(_QuestionKeys, RankCore):
    """A state that lets put in order."""


class AllocateForm(_QuestionKeys, AllocateCore):
    """A state that lets divide points."""


class BestWorstForm(_QuestionKeys, BestWorstCore):
    """A state that shows cards and asks for the best and the last of each."""


class AskForm(_QuestionKeys, AskCore):
    """A state that asks for words."""


class NumberForm(_QuestionKeys, NumberCore):
    """A state that asks for a number."""


class DateForm(_QuestionKeys, DateCore):
    """A state that asks for a day."""


class PlaceForm(_QuestionKeys, PlaceCore):
    """A state that asks for a place."""


class PhotoForm(_QuestionKeys, PhotoCore):
    """A state that asks for a photo."""


class VoiceForm(_QuestionKeys, VoiceCore):
    """A state that asks for a spoken message."""


class ReviewForm(_StateKeys):
    """The list of answers before they are handed in; frames only."""

    review: Text


class EndForm(Form):
    """The end of the conversation."""

    end: Wording
    outcome: Literal["completed", "declined", "too_young"] = "completed"
    again_after_days: int | None = Field(
        None, ge=1, le=60, description="Who ends here has agreed to be asked again, so many days later."
    )
    why: Wording = ""


class ItemForm(_QuestionKeys):
    """A question of the bank; keys beside `item` change it for this flow."""

    item: Text
    options: list[OptionForm] | None = None
    options_from: Name | None = None
    least: int | DayText | None = None
    most: int | DayText | None = None
    joins_within_seconds: int | None = Field(None, ge=1, le=120)
    side: Literal["problem", "works"] | None = Field(None, description=_SIDE)
    points: int | None = Field(None, ge=2, le=1000)
    cards: int | None = Field(None, ge=1, le=12)
    shows: int | None = Field(None, ge=3, le=5)


class OtherFlow(Form):
    """A flow in one version."""

    id: FlowName
    version: int | None = Field(None, ge=1, description="The newest where none is given.")


class HandOverForm(_StateKeys):
    """Another flow asks its questions here; then this one goes on."""

    flow: FlowName | OtherFlow

    @property
    def other(self) -> OtherFlow:
        """The flow that is handed over to."""
        return self.flow if isinstance(self.flow, OtherFlow) else OtherFlow(id=self.flow)


def verb_of(table: object) -> str | None:
    """Return the one verb key of a state or item, or None where there is none or more than one."""
    found = verbs_of(table)
    return found[0] if len(found) == 1 else None


def verbs_of(table: object) -> list[str]:
    """Return all verb keys of a state or item, `item` and `flow` included."""
    keys = table if isinstance(table, dict) else type(table).model_fields if isinstance(table, BaseModel) else ()
    return [verb for verb in (*VERBS, "item", "flow") if verb in keys]


StateForm = Annotated[
    Annotated[SayForm, Tag("say")]
    | Annotated[ChooseForm, Tag("choose")]
    | Annotated[PickForm, Tag("pick")]
    | Annotated[RateForm, Tag("rate")]
    | Annotated[RankForm, Tag("rank")]
    | Annotated[AllocateForm, Tag("allocate")]
    | Annotated[BestWorstForm, Tag("bestworst")]
    | Annotated[AskForm, Tag("ask")]
    | Annotated[NumberForm, Tag("number")]
    | Annotated[DateForm, Tag("date")]
    | Annotated[PlaceForm, Tag("place")]
    | Annotated[PhotoForm, Tag("photo")]
    | Annotated[VoiceForm, Tag("voice")]
    | Annotated[ReviewForm, Tag("review")]
    | Annotated[EndForm, Tag("end")]
    | Annotated[ItemForm, Tag("item")]
    | Annotated[HandOverForm, Tag("flow")],
    Discriminator(verb_of),
]
STATE_FORMS: dict[str, type[Form]] = {
    "say": SayForm,
    "choose": ChooseForm,
    "pick": PickForm,
    "rate": RateForm,
    "rank": RankForm,
    "allocate": AllocateForm,
    "bestworst": BestWorstForm,
    "ask": AskForm,
    "number": NumberForm,
    "date": DateForm,
    "place": PlaceForm,
    "photo": PhotoForm,
    "voice": VoiceForm,
    "review": ReviewForm,
    "end": EndForm,
    "item": ItemForm,
    "flow": HandOverForm,
}
StateName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=30)]


class FlowForm(Form):
    """A flow: one conversation about one service, in one version."""

    flow: FlowName
    version: int = Field(ge=1, description="Raise it with every change of a published flow.")
    stage: Stage | None = Field(None, strict=False, description="Left out where only other flows hand over to it.")
    language: Language
    title: Text
    frame: Name | None = Field(None, description="round: only handed-in answers count; pulse: each counts at once.")
    start: Name
    promise_minutes: float | None = Field(None, gt=0, description="Minutes the opening may promise at most.")
    taps: Literal["edit", "repeat"] = Field("repeat", description=_TAPS)
    expires_after_days: int | None = Field(
        None, ge=1, description="Days of silence after which an unfinished conversation ends; the city may set fewer."
    )
    columns: dict[StateName, list[LineForm]] = Field(
        {}, description="What follows from the answers and stands beside them in an export: name to lines."
    )
    states: dict[StateName, StateForm] = Field(min_length=1)


class FrameForm(Form):
    """The parts every flow of a kind shares."""

    frame: Name
    language: Language
    running: bool = Field(default=False, description="True where each answer counts at once.")
    start: Name
    states: dict[StateName, StateForm] = Field(min_length=1)


class _BankKeys(Form):
    figures: list[str] = []
    headline: list[Name] = Field([], description="Answers whose share is the figure of this question (PCT).")
    outside: list[Name] = Field([], description="Answers that leave a person out of the base, beside `na`.")
    pair: list[str] = []
    predict: bool = False
    why: Wording = ""
    source: str = ""
    after: str = ""
    special_category: bool = False


class BankChoose(_BankKeys, ChooseCore):
    """A choose question of the bank."""


class BankPick(_BankKeys, PickCore):
    """A pick question of the bank."""


class BankRate(_BankKeys, RateCore):
    """A rate question of the bank."""


class BankAsk(_BankKeys, AskCore):
    """A free question of the bank."""

    explains: str = Field("", description="The question whose answer these words give the reason for.")
    works_if: list[Name] = Field([], description="Its answers whose reasons say what works, where no value tells.")


class BankNumber(_BankKeys, NumberCore):
    """A number question of the bank."""


class BankDate(_BankKeys, DateCore):
    """A date question of the bank."""


class BankPlace(_BankKeys, PlaceCore):
    """A place question of the bank."""


class BankPhoto(_BankKeys, PhotoCore):
    """A photo question of the bank."""


class BankVoice(_BankKeys, VoiceCore):
    """A voice question of the bank."""


class BankRank(_BankKeys, RankCore):
    """A ranking of the bank."""


class BankAllocate(_BankKeys, AllocateCore):
    """A points question of the bank."""


class BankBestWorst(_BankKeys, BestWorstCore):
    """A best-worst question of the bank."""


BankForm = Annotated[
    Annotated[BankChoose, Tag("choose")]
    | Annotated[BankPick, Tag("pick")]
    | Annotated[BankRate, Tag("rate")]
    | Annotated[BankRank, Tag("rank")]
    | Annotated[BankAllocate, Tag("allocate")]
    | Annotated[BankBestWorst, Tag("bestworst")]
    | Annotated[BankAsk, Tag("ask")]
    | Annotated[BankNumber, Tag("number")]
    | Annotated[BankDate, Tag("date")]
    | Annotated[BankPlace, Tag("place")]
    | Annotated[BankPhoto, Tag("photo")]
    | Annotated[BankVoice, Tag("voice")],
    Discriminator(verb_of),
]
BANK_FORMS: dict[str, type[Form]] = {
    "choose": BankChoose,
    "pick": BankPick,
    "rate": BankRate,
    "rank": BankRank,
    "allocate": BankAllocate,
    "bestworst": BankBestWorst,
    "ask": BankAsk,
    "number": BankNumber,
    "date": BankDate,
    "place": BankPlace,
    "photo": BankPhoto,
    "voice": BankVoice,
}
ItemName = Annotated[str, StringConstraints(pattern=r"^[a-z]+\.[a-z0-9_]+$", max_length=50)]


class ItemsForm(Form):
    """A file of the question bank."""

    items: dict[ItemName, BankForm]
    bank: Name
    stage: Stage | None = Field(None, strict=False)
    language: Language


class ScaleForm(Form):
    """A scale: its steps, best first."""

    options: list[OptionForm] = Field(min_length=2)


class DontKnowForm(Form):
    """The answer under every scale that is no step of it."""

    label: Text


class ScalesForm(Form):
    """The scales of the bank."""

    language: Language
    scales: dict[Name, ScaleForm]
    dont_know: DontKnowForm


class DangerForm(Form):
    """Words that lead to the urgent text."""

    words: list[Text] = []
    """A word that ends in * stands for all that begin so, … for up to four words in between."""
    hazards: list[Text] = []
    """The same, of what a "no" shortly before it takes away: "no smell of gas"."""
    no: list[Text] = []
    """Words such as "no"."""


class PhrasesForm(Form):
    """What the bot says between the questions and what a citizen may send, in one language."""

    of: dict[str, str | int] | None = None
    language: Language
    phrases: dict[str, Wording]
    words: dict[Name, list[Text]] = {}
    danger: DangerForm = DangerForm()
    commands: dict[Name, Text] = {}
    reviewed_by: list[Text] = []
    """Native speakers who read this translation; empty: nobody yet."""
    changed: dict[str, str] = {}
    """Keys of texts (`phrases/help`) whose source has changed since, to the source that was translated."""


class ExamplesForm(Form):
    """Example words for every placeholder and list, in one language: for playing without a round."""

    language: Language
    values: dict[Name, str]
    lists: dict[Name, dict[Name, Text]] = {}


def _compiles(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what may soon mean something else means nothing for sure
            re.compile(pattern)
    except (re.error, FutureWarning) as trouble:
        raise ValueError(f"it is no pattern: {trouble}") from None
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class PlainForm(Form):
    """What is plain in a language: rules for the check of wording. Patterns are regular expressions, small letters."""

    language: Language
    abbreviations: list[Text] = Field([], description="Words with a full stop that ends no sentence.")
    ordinals: bool = Field(default=False, description="Whether a number with a full stop is a place in an order.")
    minutes: Pattern = Field("", description="Finds a number of minutes; its first group is the number.")
    prefixes: Pattern = Field("", description="What may be written together with a word, before it.")
    jargon: dict[Text, Wording] = Field({}, description="A word of offices to the plain one; * stands for any letters.")
    leading: dict[Pattern, Text] = Field({}, description="What suggests an answer, to a question that does not.")
    double: list[Pattern] = Field([], description="What asks two things at once.")
    judging: list[Text] = Field([], description="Words that judge; two of them joined ask two things.")
    joint: Pattern = Field("", description="What joins two such words.")
    passive: list[Pattern] = Field([], description="Something is done by somebody, who had better stand first.")
    spelled: dict[Text, Text] = Field({}, description="A number of minutes in words, to how it is read.")


class WordsForm(Form):
    """The words of one state, item or scale in another language."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)

    say: Wording | None = None
    choose: Wording | None = None
    pick: Wording | None = None
    rate: Wording | None = None
    rank: Wording | None = None
    allocate: Wording | None = None
    bestworst: Wording | None = None
    ask: Wording | None = None
    number: Wording | None = None
    date: Wording | None = None
    place: Wording | None = None
    photo: Wording | None = None
    voice: Wording | None = None
    review: Wording | None = None
    end: Wording | None = None
    unit: Wording | None = None
    why: Wording | None = None
    options: dict[str, str] = {}

    @property
    def text(self) -> str | None:
        """The translated sentence, whatever its verb."""
        return next((text for verb in VERBS if (text := getattr(self, verb)) is not None), None)


class OfForm(Form):
    """What a translation translates, and in which version."""

    flow: str | None = None
    frame: str | None = None
    items: str | None = None
    bank: str | None = None
    scales: str | None = None
    version: int | None = None


class TranslationForm(Form):
    """A language laid over a flow, a frame, items or scales."""

    of: OfForm
    language: Language
    title: str | None = None
    states: dict[str, WordsForm] = {}
    items: dict[str, WordsForm] = {}
    scales: dict[str, WordsForm] = {}
    dont_know: DontKnowForm | None = None
    reviewed_by: list[Text] = []
    """Native speakers who read this translation; empty: nobody yet."""
    changed: dict[str, str] = {}
    """Keys of texts (`states/why/ask`) whose source has changed since, to the source that was translated."""


def schema() -> str:
    """Return the JSON schema of flow files as text, for editors."""
    made: dict[str, Any] = FlowForm.model_json_schema(by_alias=True)
    made = {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("flow.schema.json").write_text(schema(), encoding="utf-8")
