"""What there is to set: every section of the configuration as a frozen value, and how each value is read.

Annotations are read at run time: each setting's description is the mend offered where its value is wrong.
"""

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainValidator

from bot.errors import Usage
from bot.faults import did_you_mean
from flows.model import Stage

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Secret:
    """A text that is never shown: logs, errors and reprs get dots. Empty means not set."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one who must send it."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __repr__(self) -> str:
        return "•••"

    def __format__(self, spec: str) -> str:
        return "•••"


# --------------------------------------------------------------------------- how a value is read


def _secret(value: object) -> Secret:
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - pydantic turns this into the mend
    return Secret(value.strip())


def from_json(text: str) -> object:
    """Return what JSON text holds; a text that is none stays a text, for the checks to refuse."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def listed(value: object) -> object:
    """Read a list that came from the environment: JSON, or words with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return from_json(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _texts(value: object) -> object:
    """Read a text per language; JSON from the environment; a bare text serves all languages."""
    if not isinstance(value, str):
        return value
    return from_json(value) if value.lstrip().startswith("{") else {"": value}


def _labelled(value: object) -> object:
    """Read `{ id = "wait", en = "Waiting", es = "Esperar" }` as ("wait", {en, es})."""
    if not isinstance(value, Mapping) or "id" not in value:
        return value
    return value["id"], {language: text for language, text in value.items() if language != "id"}


def _time(value: object) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,2}:\d{2}", value):
        raise ValueError
    hour, minute = value.split(":")
    return time(int(hour), int(minute))


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError
    return value


_KEY = r"^[a-z0-9_]{1,60}$"
LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
_URL = r"^(https?://[^\s/]+\S*)?$"
_HTTPS = r"^(https://[^\s/]+\S*)?$"
_DATABASE = r"^(sqlite:///.+|postgresql(\+psycopg)?://.+)$"
SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")

Name: TypeAlias = Annotated[str, Field(min_length=1, pattern=r"\S")]
Language: TypeAlias = Annotated[str, Field(pattern=LANGUAGE)]
Languages: TypeAlias = Annotated[tuple[Language, ...], BeforeValidator(listed)]
Texts: TypeAlias = Annotated[Mapping[str, Name], BeforeValidator(_texts)]
Labelled: TypeAlias = Annotated[tuple[Annotated[str, Field(pattern=_KEY)], Texts], BeforeValidator(_labelled)]
Hidden: TypeAlias = Annotated[Secret, PlainValidator(_secret)]
Days: TypeAlias = Annotated[int, Field(ge=1, le=3660)]


# --------------------------------------------------------------------------- what there is to set


@dataclass(frozen=True, slots=True)
class City:
    """Who speaks, in which languages, and when it is eight o'clock there."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    name: Annotated[Name, Field(description='the name of the city in quotes, as in name = "Rivermouth"')]
    org: Annotated[
        Texts,
        Field(description='who speaks, within a sentence, as in org = { en = "the City", es = "el Ayuntamiento" }'),
    ]
    languages: Annotated[
        Languages, Field(min_length=1, description='a list of language codes, as in languages = ["en", "es"]')
    ]
    time_zone: Annotated[
        str, AfterValidator(_zone), Field(description='a zone by its name, as in time_zone = "Europe/London"')
    ]
    human_contact: Annotated[
        Name, Field(description='a phone number or address in quotes, as in human_contact = "555 0142"')
    ]
    human_hours: Annotated[
        Texts,
        Field(description='a text per language, as in human_hours = { en = "Monday to Friday, 9 to 17" }'),
    ]
    """When people read and answer; empty: nothing is promised."""
    emergency_number: Annotated[Name, Field(description='the number in quotes, as in emergency_number = "112"')]
    country: Annotated[
        str,
        Field(pattern=r"^([A-Z]{2})?$", description='the two capital letters of a country, as in country = "GB"'),
    ]
    """ISO 3166-1; empty: no public holidays are known."""
    subdivision: Annotated[
        str,
        Field(pattern=r"^[A-Za-z0-9-]{0,30}$", description='the part of the country, as in subdivision = "ENG"'),
    ]
    """ISO 3166-2 without the country; empty: holidays of the whole country."""
    data_licence: Annotated[
        Name, Field(description='the name of a licence in quotes, as in data_licence = "CC BY 4.0"')
    ]

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone, ready to use."""
        return ZoneInfo(self.time_zone)

    def speaker(self, language: str) -> str:
        """Return who speaks, as it stands in a sentence of `language`; else in the city's first language."""
        return self.org.get(language) or self.org.get(self.languages[0]) or self.name


@dataclass(frozen=True, slots=True)
class Service:
    """A public service people are asked about."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key: Annotated[str, Field(pattern=_KEY, description='small letters, digits and _, as in key = "library"')]
    name: Annotated[Texts, Field(description='a name per language, as in name = { en = "Library", es = "Biblioteca" }')]
    in_sentence: Annotated[
        Texts,
        Field(
            description='the name within a sentence, as in in_sentence = { en = "the library", es = "la biblioteca" }'
        ),
    ] = field(default_factory=dict)
    """The name as it follows "your experience with"; the bare name where nothing is said."""
    languages: Annotated[Languages, Field(description='a list of language codes, as in languages = ["en", "es"]')] = ()
    stages: Annotated[
        tuple[Stage, ...],
        BeforeValidator(listed),
        Field(min_length=1, description=f"a list out of {', '.join(Stage)}"),
    ] = tuple(Stage)
    steps: Annotated[
        tuple[Labelled, ...],
        BeforeValidator(listed),
        Field(description='lines such as { id = "wait", en = "Waiting", es = "Esperar" }'),
    ] = ()
    """(id, text per language) of each step on the user's way, in order."""
    areas: Annotated[
        tuple[Labelled, ...],
        BeforeValidator(listed),
        Field(description='lines such as { id = "harbour", en = "Harbour", es = "El Puerto" }'),
    ] = ()
    """(id, text per language) of each part of the city."""

    def label(self, language: str) -> str:
        """Return the name in `language`, else in the service's first language."""
        return self.name.get(language) or self.name[self.languages[0]]

    def spoken(self, language: str) -> str:
        """Return the name as it stands in a sentence of `language` ("your experience with the Central Library")."""
        return self.in_sentence.get(language) or self.label(language)


@dataclass(frozen=True, slots=True)
class Flows:
    """Where flows of one's own lie, beside those that come with the program."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    folder: Annotated[str, Field(description='a folder in quotes, as in folder = "our_flows"')]

    @property
    def extra(self) -> tuple[Path, ...]:
        """The folders to read beside our own; none where none is set."""
        return (Path(self.folder),) if self.folder else ()


@dataclass(frozen=True, slots=True)
class Database:
    """Where everything is remembered."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    url: Annotated[
        str,
        Field(pattern=_DATABASE, description="sqlite:///<path> or postgresql://<user>:<password>@<host>/<database>"),
    ] = field(repr=False)
    files: Annotated[Path, Field(description='a folder in quotes, as in files = "data/files"')]

    @property
    def file(self) -> Path | None:
        """The file of an SQLite database; None where it is another one."""
        return Path(self.url.removeprefix("sqlite:///")) if self.url.startswith("sqlite") else None


@dataclass(frozen=True, slots=True)
class Telegram:
    """The bot at Telegram; off while `token` is empty."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    token: Annotated[Hidden, Field(description="the token from @BotFather in quotes, digits:letters, or nothing")]
    base_url: Annotated[
        str, Field(min_length=1, pattern=_URL, description='base_url = "https://api.telegram.org", without /bot')
    ]
    mode: Annotated[Literal["polling", "webhook"], Field(description='"polling" or "webhook"')]
    webhook_url: Annotated[
        str, Field(pattern=_HTTPS, description="the https:// address of this program followed by /telegram")
    ]
    secret_token: Annotated[Hidden, Field(description="up to 256 letters, digits, _ and - in quotes")]
    messages_per_second: Annotated[
        int, Field(ge=1, le=1000, description="a whole number from 1 to 1000, as in messages_per_second = 30")
    ]


@dataclass(frozen=True, slots=True)
class Web:
    """The pages and the web chat."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    host: Annotated[Name, Field(description='an address to listen on in quotes, as in host = "127.0.0.1"')]
    port: Annotated[int, Field(ge=0, le=65535, description="a whole number from 0 to 65535, as in port = 8080")]
    public_url: Annotated[
        str, Field(pattern=_URL, description='the address people type, as in "https://voice.rivermouth.example"')
    ]
    """Without a slash at the end."""


@dataclass(frozen=True, slots=True)
class Mail:
    """The mail server; off while `host` is empty."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    host: Annotated[str, Field(description='the name of the mail server in quotes, as in host = "mail.example"')]
    port: Annotated[int, Field(ge=1, le=65535, description="a whole number from 1 to 65535, as in port = 587")]
    username: Annotated[str, Field(description="the account's name in quotes")]
    password: Annotated[Hidden, Field(description="the account's password in quotes")]
    from_address: Annotated[
        str, Field(pattern=r"^([^@\n]+@[^@\s>]+>?)?$", description='an address in quotes, as in "voice@city.example"')
    ]
    starttls: Annotated[bool, Field(description="true or false")]


@dataclass(frozen=True, slots=True)
class Sending:
    """When people may be written to who have not written first. The same time twice: at any hour."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    earliest: Annotated[time, PlainValidator(_time), Field(description='hours and minutes, as in earliest = "09:00"')]
    latest: Annotated[time, PlainValidator(_time), Field(description='hours and minutes, as in latest = "20:00"')]


@dataclass(frozen=True, slots=True)
class Digest:
    """When managers get their digest, and how few people are too few to show."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    day: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
        Field(description=f"a day out of {', '.join(DAYS)}"),
    ]
    time: Annotated[time, PlainValidator(_time), Field(description='hours and minutes, as in time = "08:00"')]
    minimum_cell: Annotated[int, Field(ge=1, le=1000, description="a number of people, as in minimum_cell = 5")]
    public_minimum_cell: Annotated[
        int, Field(ge=1, le=1000, description="a number of people, as in public_minimum_cell = 10")
    ]
    attach_paper: Annotated[bool, Field(description="true or false")]

    @property
    def weekday(self) -> int:
        """The day as Python counts: Monday is 0."""
        return DAYS.index(self.day)


@dataclass(frozen=True, slots=True)
class Model:
    """A language model that may word headlines and names of themes; off while `url` is empty."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    url: Annotated[
        str, Field(pattern=_URL, description='an address in quotes, as in url = "https://models.rivermouth.example/v1"')
    ]
    name: Annotated[str, Field(max_length=200, description="the name of the model there, in quotes")]
    key: Annotated[Hidden, Field(description="the key for that address in quotes, or nothing")]
    seconds: Annotated[int, Field(ge=1, le=120, description="a whole number from 1 to 120, as in seconds = 20")]
    a_week: Annotated[int, Field(ge=0, le=100_000, description="a whole number of requests, as in a_week = 200")]


@dataclass(frozen=True, slots=True)
class Privacy:
    """What citizens can trust: the key that hides them, and when things are forgotten."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    key_file: Annotated[Path, Field(description='a file in quotes, as in key_file = "data/keys"')]
    url: Annotated[str, Field(pattern=_URL, description="the https:// address of your privacy notice")]
    law: Annotated[Texts, Field(description='a text per language, as in law = { en = "…", es = "…" }')]
    minimum_age: Annotated[int, Field(ge=0, le=120, description="an age in years, as in minimum_age = 16")]
    draft_days: Annotated[Days, Field(description="a number of days, as in draft_days = 7")]
    transcript_days: Annotated[Days, Field(description="a number of days, as in transcript_days = 30")]
    close_days: Annotated[
        int,
        Field(ge=15, le=3660, description="15 days or more, as in close_days = 30: paper comes in for 14 days"),
    ]
    backup_days: Annotated[Days, Field(description="a number of days, as in backup_days = 90")]
    answers_months: Annotated[int, Field(ge=1, le=120, description="a number of months, as in answers_months = 12")]
    quotes: Annotated[Literal["shown", "approved"], Field(description='"shown" or "approved"')]

    @property
    def approved(self) -> bool:
        """Whether citizens' words are shown to others only once a person of the service has approved them."""
        return self.quotes == "approved"


@dataclass(frozen=True, slots=True)
class Log:
    """How the log is written, to standard error."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    format: Annotated[Literal["plain", "json"], Field(description='"plain" or "json"')]
    level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="debug, info, warning or error")]


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that differs from city to city."""

    __pydantic_config__ = ConfigDict(extra="forbid")
    city: City
    services: Annotated[tuple[Service, ...], Field(description="a block [[services]] with key and name for each")]
    flows: Flows
    database: Database
    telegram: Telegram
    web: Web
    mail: Mail
    sending: Sending
    digest: Digest
    model: Model
    privacy: Privacy
    log: Log
    sample: bool = False
    """Whether this is the sample city, untouched: no file was given."""

    def serves(self, key: str) -> bool:
        """Whether this service is set up: what is kept may be of one that was."""
        return any(service.key == key for service in self.services)

    def service_of(self, key: str) -> Service:
        """Return the service that something kept is of; one that is no longer set up is called by its key."""
        if self.serves(key):
            return self.service(key)
        return Service(key, dict.fromkeys(self.city.languages, key), languages=self.city.languages)

    def service(self, key: str) -> Service:
        """Return the service called `key`. Raises `Usage` that names the ones there are."""
        for service in self.services:
            if service.key == key:
                return service
        known = [service.key for service in self.services]
        raise Usage(f'no service "{key}".{did_you_mean(key, known)} There are: {", ".join(known)}.')
