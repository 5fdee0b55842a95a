"""The configuration: defaults, environment, and every fault of a wrong file at once."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from dataclasses import replace
from datetime import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import config
from bot.config import Faulty, Secret, load
from bot.errors import Usage

TEN_FAULTS = """\
[city]
langages = ["en"]
time_zone = "Mars/North"
emergency_number = 112
[databse]
url = "sqlite:///x"
[database]
url = "mysql://user:hunter2@host"
[telegram]
token = "hunter3"
mode = "webhok"
[web]
port = "eighty"
[mail]
host = "mail.example"
[digest]
day = "mon"
time = "25:00"
[[services]]
key = "library"
name = { en = "Library", es = "Biblioteca" }
[[services]]
key = "library"
name = { en = "Bus" }
steps = [{ id = "a", en = "x", es = "x" }, { id = "a", en = "y", es = "y" }]
"""
URLS = "sqlite:///<path> or postgresql://<user>:<password>@<host>/<database>"


def faults_of(text: str, folder: Path, environ: dict[str, str] | None = None) -> list[str]:
    """Return the lines a wrong file is answered with."""
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Faulty) as caught:
        load(path, environ or {})
    return str(caught.value).replace(f"{path}, ", "").replace(str(path), "file").splitlines()


def test_without_a_file_the_sample_city_serves() -> None:
    found = load(None, {})
    assert found.sample
    assert found.city.name == "Rivermouth"
    assert [service.key for service in found.services] == ["library", "bus7", "street_repair"]
    assert found.digest.time == time(8)
    assert found.digest.weekday == 0
    assert found.web.public_url == "http://127.0.0.1:8080"
    assert not found.telegram.token


def test_the_example_handed_out_is_the_one_built_in(tmp_path: Path) -> None:
    handed_out = Path(config.__file__).parents[1] / "config.example.toml"
    assert handed_out.read_bytes() == config.EXAMPLE.read_bytes()
    path = tmp_path / "config.toml"
    path.write_bytes(handed_out.read_bytes())
    assert load(path, {}) == replace(load(None, {}), sample=False)


def test_every_setting_of_the_example_is_explained() -> None:
    lines = config.EXAMPLE.read_text(encoding="utf-8").split("[[services]]")[0].splitlines()
    for line, below in pairwise(lines):
        if "=" in line and not line.lstrip().startswith("#"):
            assert "#" in line or below.lstrip().startswith("#"), line


def test_a_file_changes_only_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[web]\nport = 9000\n", encoding="utf-8")
    found = load(path, {})
    assert not found.sample
    assert found.web.public_url == "http://127.0.0.1:9000"
    assert found.city == load(None, {}).city


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[web]\nport = 9000\n", encoding="utf-8")
    found = load(path, {"CIVICLOOP_WEB__PORT": "9001", "CIVICLOOP_MAIL__STARTTLS": "false", "HOME": "/"})
    assert found.web.port == 9001
    assert found.mail.starttls is False


@pytest.mark.parametrize("text", ["en, es", '["en","es"]'])
def test_a_list_in_the_environment_is_json_or_words_with_commas(text: str) -> None:
    assert load(None, {"CIVICLOOP_CITY__LANGUAGES": text}).city.languages == ("en", "es")


def test_services_may_come_from_the_environment() -> None:
    services = [{"key": "pool", "name": "Pool"}]
    found = load(None, {"CIVICLOOP_SERVICES": json.dumps(services)})
    assert found.services[0].name == {"en": "Pool", "es": "Pool"}
    assert found.service("pool").languages == ("en", "es")


def test_a_service_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(Usage, match=r'no service "libary"\. Did you mean "library"\?'):
        load(None, {}).service("libary")


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("42:abc\n", encoding="utf-8")
    found = load(None, {"CIVICLOOP_TELEGRAM__TOKEN_FILE": str(tmp_path / "token")})
    assert found.telegram.token.reveal() == "42:abc"


def test_a_secret_file_that_is_missing_is_named() -> None:
    with pytest.raises(Faulty, match=r"CIVICLOOP_MAIL__PASSWORD_FILE.*/nowhere/x cannot be read: No such file"):
        load(None, {"CIVICLOOP_MAIL__PASSWORD_FILE": "/nowhere/x"})


def test_the_link_to_answers_cannot_be_destroyed_before_they_are_counted() -> None:
    with pytest.raises(Faulty, match=r'privacy.close_days: "14" cannot be. Write 15 days or more'):
        load(None, {"CIVICLOOP_PRIVACY__CLOSE_DAYS": "14"})
    assert load(None, {"CIVICLOOP_PRIVACY__CLOSE_DAYS": "15"}).privacy.close_days == 15


def test_a_secret_never_shows() -> None:
    environ = {
        "CIVICLOOP_TELEGRAM__TOKEN": "42:hunter2",
        "CIVICLOOP_DATABASE__URL": "postgresql://u:hunter2@h/d",
        "CIVICLOOP_MAIL__PASSWORD": "hunter2",
    }
    found = load(None, environ)
    secret = found.telegram.token
    for shown in (repr(found), str(found), f"{secret}", f"{secret!r}", f"{secret:>20}", str([secret]), "%s" % secret):  # noqa: UP031
        assert "hunter2" not in shown


def test_secrets_compare_by_what_they_hide() -> None:
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"


def test_a_token_in_the_address_of_telegram_is_refused_and_not_repeated() -> None:
    address = "https://api.telegram.org/bot123:ABC-secret"
    with pytest.raises(Faulty) as trouble:
        load(None, {"CIVICLOOP_TELEGRAM__BASE_URL": address})
    assert [fault.key for fault in trouble.value.faults] == ["telegram.base_url"]
    assert "secret" not in str(trouble.value)


def test_a_wrong_language_is_told_where_it_stands_and_nowhere_else(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    services = '[[services]]\nkey = "library"\nname = { en = "Library" }\n'
    path.write_text(f'[city]\nlanguages = "English"\n\n{services}', encoding="utf-8")
    with pytest.raises(Faulty) as trouble:
        load(path, {})
    assert [(fault.line, fault.key) for fault in trouble.value.faults] == [(2, "city.languages")]


def test_a_wrong_file_gives_every_fault_at_once_with_line_and_mend(tmp_path: Path) -> None:
    faults = faults_of(TEN_FAULTS, tmp_path)
    assert faults == [
        'line 2: city.langages: no such key. Did you mean "languages"?',
        'line 3: city.time_zone: "Mars/North" cannot be. Write a zone by its name, as in time_zone = "Europe/London"',
        'line 4: city.emergency_number: 112 cannot be. Write the number in quotes, as in emergency_number = "112"',
        'line 5: databse: no such section. Did you mean "database"?',
        f"line 8: database.url: this cannot be. Write {URLS}",
        "line 10: telegram.token: is no bot token. Copy it whole from @BotFather: digits, a colon, letters",
        'line 11: telegram.mode: "webhok" cannot be. Write "polling" or "webhook"',
        'line 13: web.port: "eighty" cannot be. Write a whole number from 0 to 65535, as in port = 8080',
        "line 14: mail.from_address: is missing. Write the address that digests come from",
        f'line 17: digest.day: "mon" cannot be. Write a day out of {", ".join(config.DAYS)}',
        'line 18: digest.time: "25:00" cannot be. Write hours and minutes, as in time = "08:00"',
        'line 23: services[2].key: "library" is there twice. Give each service its own key',
        'line 24: services[2].name: is missing in "es". Write es = "…"',
        'line 25: services[2].steps: id "a" is there twice. Give each line its own id',
    ]
    assert "hunter" not in "\n".join(faults)


def test_an_unknown_variable_is_a_fault_with_the_name_meant() -> None:
    with pytest.raises(Faulty, match=r'CIVICLOOP_WEB__PROT: no such setting\. Did you mean "CIVICLOOP_WEB__PORT"'):
        load(None, {"CIVICLOOP_WEB__PROT": "1"})


def test_a_wrong_variable_is_named_instead_of_a_line() -> None:
    with pytest.raises(Faulty, match=r'^environment variable CIVICLOOP_WEB__PORT: web.port: "x" cannot be'):
        load(None, {"CIVICLOOP_WEB__PORT": "x"})


def test_the_program_s_other_variables_are_left_alone() -> None:
    assert load(None, {"CIVICLOOP_CLOCK": "/tmp/clock"}) == load(None, {})


def test_a_webhook_wants_an_address_and_a_secret(tmp_path: Path) -> None:
    assert faults_of('[telegram]\ntoken = "1:a"\nmode = "webhook"\n', tmp_path) == [
        'line 1: telegram.webhook_url: is missing for mode = "webhook". Write https://<your address>/telegram',
        'line 1: telegram.secret_token: is missing for mode = "webhook". Make up a long random one',
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('org = { en = "the City" }\n', 'line 3: city.org: is missing in "de". Write de = "…"'),
        ("", 'line 1: city.org: is missing in "de". Write de = "…"'),
        ('org = "Stadt"\nhuman_hours = { de = "9 bis 17" }\n', 'line 4: city.human_hours: is missing in "en"'),
        ('org = "Stadt"\n[privacy]\nlaw = { en = "the law" }\n', 'line 5: privacy.law: is missing in "de"'),
    ],
)
def test_the_citys_own_words_are_there_in_every_language_it_lists(settings: str, said: str, tmp_path: Path) -> None:
    text = f'[city]\nlanguages = ["en", "de"]\n{settings}\n[[services]]\nkey = "pool"\nname = "Pool"\n'
    assert said in "\n".join(faults_of(text, tmp_path))
    assert not [one for one in faults_of(text, tmp_path) if "services" in one]


def test_a_text_without_a_language_serves_all_that_the_city_lists(tmp_path: Path) -> None:
    service = '[[services]]\nkey = "pool"\nname = "Pool"\n'
    words = 'org = "Stadt"\n[privacy]\nlaw = { en = "the law", de = "das Gesetz" }\n'
    text = f'[city]\nlanguages = ["en", "de"]\n{words}\n{service}'
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "config.toml", {}).city.org == {"en": "Stadt", "de": "Stadt"}


def test_the_public_sees_no_more_than_managers(tmp_path: Path) -> None:
    faults = faults_of("[digest]\npublic_minimum_cell = 3\n", tmp_path)
    assert faults == [
        "line 2: digest.public_minimum_cell: is below minimum_cell. The public sees no more than managers do"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[city\n", "file: is not TOML"),
        ("services = []\n", "line 1: services: is empty"),
        ("city = 3\n", "line 1: city: 3 cannot be"),
        ('[[services]]\nkey = "Big Pool"\nname = "Pool"\n', 'line 2: services[1].key: "Big Pool" cannot be'),
        ('[[services]]\nkey = "a"\nname = "A"\nlanguages = ["fr"]\n', 'line 4: services[1].languages: "fr" is none'),
        ('[[services]]\nname = "A"\n', "line 1: services[1].key: is missing"),
        ('[[services]]\nkey = "a"\nname = "A"\nstages = ["delver"]', 'line 4: services[1].stages: ["delver"] cannot'),
    ],
)
def test_a_fault_says_where_it_is(text: str, said: str, tmp_path: Path) -> None:
    assert faults_of(text, tmp_path)[0].startswith(said)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe[")
    with pytest.raises(Faulty, match="is not UTF-8 text"):
        load(path, {})


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Faulty, match=r'cannot be read \(No such file or directory\).*"civicloop init"'):
        load(tmp_path / "none.toml", {})


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
SECTIONS = sorted(tomllib.loads(config.EXAMPLE.read_text(encoding="utf-8")))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(SECTIONS) | st.text(max_size=8), JUNK, max_size=5))
def test_whatever_a_file_holds_the_answer_is_a_config_or_faults(
    monkeypatch: pytest.MonkeyPatch, junk: dict[str, Any]
) -> None:
    monkeypatch.setattr(config, "_read", lambda _: (junk, ()))
    with suppress(Faulty):
        assert load(Path("config.toml"), {}).services


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from('[]{}="\n,.#ab19 \\x'), max_size=60) | st.binary(max_size=60))
def test_whatever_bytes_a_file_is_made_of_the_answer_is_a_config_or_faults(tmp_path: Path, text: str | bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with suppress(Faulty):
        assert load(path, {}).services


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from([f"CIVICLOOP_{s}__{k}".upper() for s, k in [("web", "port"), ("city", "languages")]])
    | st.just("CIVICLOOP_SERVICES")
    | st.text(max_size=6).map(lambda tail: f"CIVICLOOP_DIGEST__{tail}"),
    st.text(max_size=20) | st.sampled_from(["[" * 5000, "[1]", "{}", '[{"key": 1}]']),
)
def test_whatever_the_environment_says_the_answer_is_a_config_or_faults(name: str, text: str) -> None:
    with suppress(Faulty):
        assert load(None, {name: text}).services


def test_a_language_model_has_an_address_and_a_name(tmp_path: Path) -> None:
    with pytest.raises(Faulty) as trouble:
        load(None, {"CIVICLOOP_MODEL__URL": "https://models.example/v1"})
    assert "model.name: is missing" in str(trouble.value)
    file = tmp_path / "key"
    file.write_text("sk-1\n")
    found = load(
        None,
        {
            "CIVICLOOP_MODEL__URL": "https://models.example/v1",
            "CIVICLOOP_MODEL__NAME": "tiny",
            "CIVICLOOP_MODEL__KEY_FILE": str(file),
        },
    )
    assert found.model.key.reveal() == "sk-1"
    assert not load(None, {}).model.url
