"""The configuration: config.toml and the environment laid over the example, checked at once, frozen.

The example is the only place of defaults: what a file leaves out keeps the value it has there.
Annotations below are read at run time: each setting's description is the mend offered where its value is wrong.
"""

import difflib
import hmac
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainValidator, TypeAdapter, ValidationError

from bot.errors import Usage
from flows.model import Stage

EXAMPLE = Path(__file__).with_name("config.example.toml")
"""Every key with its meaning, and the sample city."""
PREFIX = "CIVICLOOP_"
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


def _from_json(text: str) -> object:
    """Return what JSON text holds; a text that is none stays a text, for the checks to refuse."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _listed(value: object) -> object:
    """Read a list that came from the environment: JSON, or words with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return _from_json(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _texts(value: object) -> object:
    """Read a text per language; JSON from the environment; a bare text serves all languages."""
    if not isinstance(value, str):
        return value
    return _from_json(value) if value.lstrip().startswith("{") else {"": value}


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
_LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
_URL = r"^(https?://[^\s/]+\S*)?$"
_HTTPS = r"^(https://[^\s/]+\S*)?$"
_DATABASE = r"^(sqlite:///.+|postgresql(\+psycopg)?://.+)$"
_SECRET_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")

Name: TypeAlias = Annotated[str, Field(min_length=1, pattern=r"\S")]
Language: TypeAlias = Annotated[str, Field(pattern=_LANGUAGE)]
Languages: TypeAlias = Annotated[tuple[Language, ...], BeforeValidator(_listed)]
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
    emergency_number: Annotated[Name, Field(description='the number in quotes, as in emergency_number = "112"')]

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
        BeforeValidator(_listed),
        Field(min_length=1, description=f"a list out of {', '.join(Stage)}"),
    ] = tuple(Stage)
    steps: Annotated[
        tuple[Labelled, ...],
        BeforeValidator(_listed),
        Field(description='lines such as { id = "wait", en = "Waiting", es = "Esperar" }'),
    ] = ()
    """(id, text per language) of each step on the user's way, in order."""
    areas: Annotated[
        tuple[Labelled, ...],
        BeforeValidator(_listed),
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

    @property
    def weekday(self) -> int:
        """The day as Python counts: Monday is 0."""
        return DAYS.index(self.day)


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
    close_days: Annotated[Days, Field(description="a number of days, as in close_days = 30")]
    answers_months: Annotated[int, Field(ge=1, le=120, description="a number of months, as in answers_months = 12")]


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
    digest: Digest
    privacy: Privacy
    log: Log
    sample: bool = False
    """Whether this is the sample city, untouched: no file was given."""

    def service(self, key: str) -> Service:
        """Return the service called `key`. Raises `Usage` that names the ones there are."""
        for service in self.services:
            if service.key == key:
                return service
        known = [service.key for service in self.services]
        raise Usage(f'no service "{key}".{_did_you_mean(key, known)} There are: {", ".join(known)}.')


# --------------------------------------------------------------------------- reading it


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the configuration: where, which key, and the mend."""

    where: str
    key: str
    message: str

    @property
    def line(self) -> int:
        """The line in the file, 0 where it stands elsewhere."""
        found = re.search(r", line (\d+)$", self.where)
        return int(found[1]) if found else 0

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.key, self.message) if part)


class Faulty(Usage):
    """The configuration is wrong; `faults` holds everything that is, at once."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass(frozen=True, slots=True)
class _Source:
    """The words a setting came from, to say where it stands."""

    file: str = ""
    lines: tuple[str, ...] = ()
    variables: Mapping[tuple[str, ...], str] = field(default_factory=dict)

    def where(self, path: tuple[str | int, ...]) -> str:
        names = tuple(str(step) for step in path)
        for variable_of in (names[:2], names[:1]):
            if variable_of in self.variables:
                return f"environment variable {self.variables[variable_of]}"
        line = _line_of(self.lines, path)
        return f"{self.file}, line {line}" if line else self.file


_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)
_SECRETS = {("database", "url"), ("telegram", "token"), ("telegram", "secret_token"), ("mail", "password")}


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read `path` (None: the sample city alone) and the environment over it. Raises `Faulty` with every fault."""
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    given, lines = _read(path) if path else ({}, ())
    spoken, variables, faults = _from_environment(environ, example)
    source = _Source(str(path) if path else "", lines, variables)
    merged = _laid_over(_laid_over(example, given), spoken)
    faults += [_fault(source, path_, said) for path_, said in _unknown(given, example)]
    clean = {key: value for key, value in merged.items() if key in example}
    config, found = _validated(clean, source)
    faults += found
    faults += [_fault(source, where, said) for where, said in _together(clean)]
    if faults or config is None:
        raise Faulty(faults)
    return _settled(config, sample=path is None)


def _read(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the file's settings and its lines."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text.replace("\r\n", "\n")), tuple(text.splitlines())
    except OSError as error:
        said = f'cannot be read ({error.strerror}). Give the right path, or make one: "civicloop init"'
    except UnicodeDecodeError:
        said = "is not UTF-8 text. Save it as UTF-8"
    except (ValueError, RecursionError) as error:
        said = f"is not TOML: {str(error)[:200]}. Text stands in quotes, sections in [brackets]"
    raise Faulty([Fault(str(path), "", said)])


def _from_environment(
    environ: Mapping[str, str], example: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[tuple[str, ...], str], list[Fault]]:
    """Return settings, which variable each came from, and faults."""
    spoken: dict[str, Any] = {}
    variables: dict[tuple[str, ...], str] = {}
    faults: list[Fault] = []
    for name, text in sorted(environ.items()):
        section, split, key = name.removeprefix(PREFIX).lower().partition("__")
        if name == f"{PREFIX}SERVICES":
            spoken["services"], variables[("services",)] = _from_json(text), name
        elif name.startswith(PREFIX) and split:
            try:
                key, value = _from_variable(name, text, section, key, example)
            except Faulty as trouble:
                faults += trouble.faults
            else:
                spoken.setdefault(section, {})[key] = value
                variables[(section, key)] = name
    return spoken, variables, faults


def _from_variable(name: str, text: str, section: str, key: str, example: Mapping[str, Any]) -> tuple[str, str]:
    """Return the key a variable sets and its value; a file named by `…_FILE` is read for a secret."""
    known = example.get(section)
    known = known if isinstance(known, dict) else {}
    if key in known:
        return key, text
    where, bare = f"environment variable {name}", key.removesuffix("_file")
    if bare == key or (section, bare) not in _SECRETS:
        every = [f"{PREFIX}{s}__{k}".upper() for s, keys in example.items() if isinstance(keys, dict) for k in keys]
        raise Faulty([Fault(where, "", f"no such setting.{_did_you_mean(name, every)}")])
    try:
        return bare, Path(text).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        said = f"the file {text} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        raise Faulty([Fault(where, f"{section}.{bare}", said)]) from error


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `below` with the keys of `above`, one level deep; lists such as the services are replaced whole."""
    merged = dict(below)
    for key, value in above.items():
        old = below.get(key)
        merged[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _unknown(given: Mapping[str, Any], example: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for section in given:
        if section not in example:
            yield (section,), f"no such section.{_did_you_mean(section, list(example))}"


def _validated(raw: Mapping[str, Any], source: _Source) -> tuple[Config | None, list[Fault]]:
    try:
        return _ADAPTER.validate_python(raw), []
    except ValidationError as error:
        seen: dict[tuple[str | int, ...], Fault] = {}
        for each in error.errors(include_url=False, include_context=False, include_input=False):
            path = _shortened(each["loc"])
            seen.setdefault(path, _fault(source, path, _mend(path, each["type"], raw)))
        return None, list(seen.values())


def _shortened(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Cut a path to the setting a person wrote: section and key, for services also the number."""
    return loc[: 3 if loc[:1] == ("services",) else 2]


def _mend(path: tuple[str | int, ...], kind: str, raw: Mapping[str, Any]) -> str:
    """Say what is wrong with the setting at `path` and what to write instead."""
    settings = _settings_of(path)
    key = str(path[-1])
    if kind == "unexpected_keyword_argument":
        return f"no such key.{_did_you_mean(key, list(settings))}"
    mend = settings.get(key) or "a section of its own, with a line for each key"
    if kind == "missing":
        return f"is missing. Write {mend}"
    shown = "this" if path in _SECRETS else _shown(raw, path)
    return f"{shown} cannot be. Write {mend}"


def _settings_of(path: tuple[str | int, ...]) -> dict[str, str]:
    """Return each key beside the last of `path`, with what to write there."""
    kinds = {"services": Service} | {
        name: kind for name, kind in Config.__annotations__.items() if isinstance(kind, type) and name != "sample"
    }
    at_top = len(path) == 1 or (path[0] == "services" and len(path) == 2)
    kind = Config if at_top else kinds[str(path[0])]
    return {
        name: next((m.description for m in getattr(hint, "__metadata__", ()) if getattr(m, "description", None)), "")
        for name, hint in kind.__annotations__.items()
    }


def _shown(raw: Mapping[str, Any], path: tuple[str | int, ...]) -> str:
    value: Any = raw
    for step in path:
        value = value[step] if isinstance(value, dict | list) else value  # type: ignore[index]  # a path of this very value
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _fault(source: _Source, path: tuple[str | int, ...], said: str) -> Fault:
    if path[:1] == ("services",) and len(path) > 1:
        name = f"services[{int(path[1]) + 1}]" + "".join(f".{step}" for step in path[2:])
    else:
        name = ".".join(str(step) for step in path)
    return Fault(source.where(path), name, said)


def _did_you_mean(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f' Did you mean "{near[0]}"?' if near else ""


_HEADER = re.compile(r"\s*\[(\[?)\s*([\w.\"-]+)\s*\]")


def _line_of(lines: tuple[str, ...], path: tuple[str | int, ...]) -> int | None:
    """Return the line (from 1) that sets `path`, or that opens its section; None where neither is found."""
    section, key = str(path[0]), str(path[-1]) if len(path) > 1 else None
    wanted = path[1] if section == "services" and len(path) > 1 else None
    here, count, opened = None, -1, None
    for number, line in enumerate(lines, start=1):
        if header := _HEADER.match(line):
            here = header[2].strip('"')
            count += here == section and bool(header[1])
            if here == section and wanted in (None, count):
                opened = opened or number
        elif here == section and wanted in (None, count) and key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
        elif here is None and re.match(rf"\s*\"?{re.escape(section)}\"?\s*=", line):
            opened = number
    return opened


# --------------------------------------------------------------------------- what must fit together


def _together(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong between settings; each may still be wrong by itself, so nothing is taken for granted."""
    yield from _telegram_together(raw)
    if _text(raw, "mail", "host") and not _text(raw, "mail", "from_address"):
        yield ("mail", "from_address"), "is missing. Write the address that digests come from"
    if _number(raw, "public_minimum_cell") < _number(raw, "minimum_cell"):
        yield ("digest", "public_minimum_cell"), "is below minimum_cell. The public sees no more than managers do"
    yield from _services_together(raw)


def _telegram_together(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    token, secret = _text(raw, "telegram", "token").strip(), _text(raw, "telegram", "secret_token").strip()
    if token and not re.fullmatch(r"\d+:\S+", token):
        yield ("telegram", "token"), "is no bot token. Copy it whole from @BotFather: digits, a colon, letters"
    if secret and not _SECRET_TOKEN.fullmatch(secret):
        yield ("telegram", "secret_token"), "holds other signs. Write up to 256 letters, digits, _ and -"
    if _text(raw, "telegram", "mode") != "webhook" or not token:
        return
    if not _text(raw, "telegram", "webhook_url"):
        yield ("telegram", "webhook_url"), 'is missing for mode = "webhook". Write https://<your address>/telegram'
    if not secret:
        yield ("telegram", "secret_token"), 'is missing for mode = "webhook". Make up a long random one'


def _services_together(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    blocks = raw.get("services")
    if blocks == []:
        yield ("services",), "is empty. Write a block [[services]] with key and name"
    spoken = _words(raw.get("city", {}), "languages")
    seen: set[str] = set()
    for index, block in enumerate(blocks if isinstance(blocks, list) else []):
        if not isinstance(block, dict):
            continue
        if (key := str(block.get("key", ""))) in seen:
            yield ("services", index, "key"), f'"{key}" is there twice. Give each service its own key'
        seen.add(key)
        languages = _words(block, "languages") or spoken
        if odd := [language for language in languages if spoken and language not in spoken]:
            yield ("services", index, "languages"), f'"{odd[0]}" is none of the city\'s. Add it to city.languages'
        yield from _labels_together(index, block, languages)


def _labels_together(
    index: int, block: Mapping[str, Any], languages: list[str]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(name := block.get("name"), dict) and (lost := [each for each in languages if not name.get(each)]):
        yield ("services", index, "name"), f'is missing in "{lost[0]}". Write {lost[0]} = "…"'
    for key in ("steps", "areas"):
        listed = block.get(key)
        lines = [line for line in listed if isinstance(line, dict)] if isinstance(listed, list) else []
        ids = [str(line.get("id")) for line in lines]
        if twice := [each for each in ids if ids.count(each) > 1]:
            yield ("services", index, key), f'id "{twice[0]}" is there twice. Give each line its own id'
        for line in lines:
            if lost := [each for each in languages if not line.get(each)]:
                yield ("services", index, key), f'"{line.get("id")}" is missing in "{lost[0]}". Write {lost[0]} = "…"'
                break


def _text(raw: Mapping[str, Any], section: str, key: str) -> str:
    found = raw[section].get(key) if isinstance(raw.get(section), dict) else None
    return found if isinstance(found, str) else ""


def _number(raw: Mapping[str, Any], key: str) -> float:
    """Return a number of the digest section; one that is none compares with nothing."""
    found = raw["digest"].get(key) if isinstance(raw.get("digest"), dict) else None
    try:
        return float(found) if isinstance(found, str | int) else float("nan")
    except (ValueError, OverflowError):
        return float("nan")


def _words(section: object, key: str) -> list[str]:
    found = section.get(key) if isinstance(section, dict) else None
    found = _listed(found)
    return [word for word in found if isinstance(word, str)] if isinstance(found, list) else []


def _settled(config: Config, *, sample: bool) -> Config:
    """Fill what follows from the rest: addresses, languages, names that serve every language."""
    host = "127.0.0.1" if config.web.host in {"0.0.0.0", "::"} else config.web.host  # noqa: S104 - compared only
    shown = f"[{host}]" if ":" in host else host
    public_url = config.web.public_url.rstrip("/") or f"http://{shown}:{config.web.port}"
    return replace(
        config,
        sample=sample,
        city=replace(config.city, org=_spread(config.city.org, config.city.languages)),
        web=replace(config.web, public_url=public_url),
        telegram=replace(config.telegram, base_url=config.telegram.base_url.rstrip("/")),
        privacy=replace(
            config.privacy,
            url=config.privacy.url or f"{public_url}/privacy",
            law=_spread(config.privacy.law, config.city.languages),
        ),
        services=tuple(_settled_service(service, config.city.languages) for service in config.services),
    )


def _settled_service(service: Service, spoken: tuple[str, ...]) -> Service:
    languages = service.languages or spoken
    return replace(
        service,
        languages=languages,
        name=_spread(service.name, languages),
        in_sentence=_spread(service.name, languages) | _spread(service.in_sentence, languages),
        steps=tuple((each, _spread(texts, languages)) for each, texts in service.steps),
        areas=tuple((each, _spread(texts, languages)) for each, texts in service.areas),
    )


def _spread(texts: Mapping[str, str], languages: tuple[str, ...]) -> dict[str, str]:
    """Give the one text that serves all to each language."""
    return dict.fromkeys(languages, texts[""]) if "" in texts else dict(texts)
