"""The configuration: config.toml and the environment laid over the example, checked at once, frozen.

The example is the only place of defaults: what a file leaves out keeps the value it has there.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.faults import Fault, Faulty, Source, did_you_mean, fault
from bot.settings import DAYS, LANGUAGE, SECRET_TOKEN, Config, Mail, Secret, Service, from_json, listed

__all__ = ["DAYS", "EXAMPLE", "Config", "Fault", "Faulty", "Mail", "Secret", "Service", "load"]

EXAMPLE = Path(__file__).with_name("config.example.toml")
"""Every key with its meaning, and the sample city."""
PREFIX = "CIVICLOOP_"

_ADAPTER: TypeAdapter[Config] = TypeAdapter(Config)
_SECRETS = {
    ("database", "url"),
    ("telegram", "token"),
    ("telegram", "secret_token"),
    ("mail", "password"),
    ("model", "key"),
}


def load(path: Path | None, environ: Mapping[str, str]) -> Config:
    """Read `path` (None: the sample city alone) and the environment over it. Raises `Faulty` with every fault."""
    example = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    given, lines = _read(path) if path else ({}, ())
    spoken, variables, faults = _from_environment(environ, example)
    source = Source(str(path) if path else "", lines, variables)
    merged = _laid_over(_laid_over(example, given), spoken)
    faults += [fault(source, path_, said) for path_, said in _unknown(given, example)]
    clean = {key: value for key, value in merged.items() if key in example}
    config, found = _validated(clean, source)
    faults += found
    faults += [fault(source, where, said) for where, said in _together(clean)]
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
            spoken["services"], variables[("services",)] = from_json(text), name
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
        raise Faulty([Fault(where, "", f"no such setting.{did_you_mean(name, every)}")])
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
            yield (section,), f"no such section.{did_you_mean(section, list(example))}"


def _validated(raw: Mapping[str, Any], source: Source) -> tuple[Config | None, list[Fault]]:
    try:
        return _ADAPTER.validate_python(raw), []
    except ValidationError as error:
        seen: dict[tuple[str | int, ...], Fault] = {}
        for each in error.errors(include_url=False, include_context=False, include_input=False):
            path = _shortened(each["loc"])
            seen.setdefault(path, fault(source, path, _mend(path, each["type"], raw)))
        return None, list(seen.values())


def _shortened(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """Cut a path to the setting a person wrote: section and key, for services also the number."""
    return loc[: 3 if loc[:1] == ("services",) else 2]


def _mend(path: tuple[str | int, ...], kind: str, raw: Mapping[str, Any]) -> str:
    """Say what is wrong with the setting at `path` and what to write instead."""
    settings = _settings_of(path)
    key = str(path[-1])
    if kind == "unexpected_keyword_argument":
        return f"no such key.{did_you_mean(key, list(settings))}"
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


# --------------------------------------------------------------------------- what must fit together


def _together(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what is wrong between settings; each may still be wrong by itself, so nothing is taken for granted."""
    yield from _telegram_together(raw)
    if _text(raw, "mail", "host") and not _text(raw, "mail", "from_address"):
        yield ("mail", "from_address"), "is missing. Write the address that digests come from"
    if _text(raw, "model", "url") and not _text(raw, "model", "name").strip():
        yield ("model", "name"), "is missing. Write the name of the model to ask at that address"
    if _number(raw, "public_minimum_cell") < _number(raw, "minimum_cell"):
        yield ("digest", "public_minimum_cell"), "is below minimum_cell. The public sees no more than managers do"
    yield from _sending_together(raw)
    yield from _city_together(raw)
    yield from _services_together(raw)


def _city_together(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Each text of the city is there in every language it lists: a chat would mix them."""
    yield from _holidays_together(_text(raw, "city", "country"), _text(raw, "city", "subdivision"))
    spoken = _languages(raw.get("city", {}))
    for section, key in (("city", "org"), ("city", "human_hours"), ("privacy", "law")):
        texts = raw[section].get(key) if isinstance(raw.get(section), dict) else None
        texts = from_json(texts) if isinstance(texts, str) else texts
        if isinstance(texts, dict) and texts and (lost := [one for one in spoken if not texts.get(one)]):
            yield (section, key), f'is missing in "{lost[0]}". Write {lost[0]} = "…"'


def _sending_together(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """A day ends after it begins: a span over midnight would write to people at night."""
    times = [_text(raw, "sending", name).strip().zfill(5) for name in ("earliest", "latest")]
    if all(re.fullmatch(r"\d{2}:\d{2}", each) for each in times) and times[1] < times[0]:
        yield ("sending", "latest"), 'is before earliest. Write a later time of the same day, as in latest = "20:00"'


def _holidays_together(country: str, subdivision: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if subdivision and not country:
        yield ("city", "subdivision"), 'needs its country. Write country = "GB", or leave both empty'
    if re.fullmatch(r"[A-Z]{2}", country):
        from bot.rounds.legal import parts_of  # noqa: PLC0415 - a large table: only who needs it loads it

        parts = parts_of(country)
        if parts is None:
            yield ("city", "country"), f"no holidays are known for {country}. Leave it empty"
        elif subdivision and subdivision not in parts:
            yield (
                ("city", "subdivision"),
                f"is none of {', '.join(parts) or 'its parts'}. Choose one, or leave it empty",
            )


def _telegram_together(raw: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    token, secret = _text(raw, "telegram", "token").strip(), _text(raw, "telegram", "secret_token").strip()
    if token and not re.fullmatch(r"\d+:\S+", token):
        yield ("telegram", "token"), "is no bot token. Copy it whole from @BotFather: digits, a colon, letters"
    if secret and not SECRET_TOKEN.fullmatch(secret):
        yield ("telegram", "secret_token"), "holds other signs. Write up to 256 letters, digits, _ and -"
    if re.search(r"/bot\d+:", _text(raw, "telegram", "base_url")):
        yield (
            ("telegram", "base_url"),
            "holds a token, which belongs into telegram.token. Leave out /bot and all after it",
        )
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
    spoken = _languages(raw.get("city", {}))
    seen: set[str] = set()
    for index, block in enumerate(blocks if isinstance(blocks, list) else []):
        if not isinstance(block, dict):
            continue
        if (key := str(block.get("key", ""))) in seen:
            yield ("services", index, "key"), f'"{key}" is there twice. Give each service its own key'
        seen.add(key)
        languages = _languages(block) or spoken
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


def _languages(section: object) -> list[str]:
    """Return the languages a section names, those that are no language left out: they are told already."""
    found = listed(section.get("languages")) if isinstance(section, dict) else None
    words = found if isinstance(found, list) else []
    return [word for word in words if isinstance(word, str) and re.fullmatch(LANGUAGE, word)]


def _settled(config: Config, *, sample: bool) -> Config:
    """Fill what follows from the rest: addresses, languages, names that serve every language."""
    host = "127.0.0.1" if config.web.host in {"0.0.0.0", "::"} else config.web.host  # noqa: S104 - compared only
    shown = f"[{host}]" if ":" in host else host
    public_url = config.web.public_url.rstrip("/") or f"http://{shown}:{config.web.port}"
    return replace(
        config,
        sample=sample,
        city=replace(
            config.city,
            org=_spread(config.city.org, config.city.languages),
            human_hours=_spread(config.city.human_hours, config.city.languages),
        ),
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
