"""compose.yaml and what lies around it agree with the program: settings, commands, addresses, secrets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn
import yaml

from bot import cli, config
from bot.channels.web import routes

if TYPE_CHECKING:
    import click

ROOT = Path(__file__).parents[1]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
PROXY = (ROOT / "docs" / "Caddyfile").read_text(encoding="utf-8")
CITY = "voice.city.example"
SECRETS = {
    "telegram_token": "123:abc",
    "webhook_secret": "a_secret",
    "database_url": "postgresql://civicloop:word@database/civicloop",
}


@pytest.fixture
def settings(tmp_path: Path) -> config.Config:
    """Give the settings that a replica starts with, its secrets in files."""
    environ = {}
    for name, value in SERVICES["civicloop"]["environment"].items():
        if name.endswith("_FILE"):
            secret = Path(value).name
            file = tmp_path / secret
            file.write_text(SECRETS[secret] + "\n", encoding="utf-8")
            environ[name] = str(file)
        else:
            environ[name] = value.replace("${CITY_ADDRESS}", CITY)
    return config.load(None, environ)


def paths() -> set[str]:
    """Return every address the program answers."""
    return {route.path for route in (*routes._citizens(), *routes._staff(), *routes._machines())}


def test_a_replica_starts_with_settings_that_are_whole(settings: config.Config) -> None:
    assert settings.telegram.mode == "webhook"
    assert settings.telegram.webhook_url == f"https://{CITY}/telegram"
    assert settings.web.public_url == f"https://{CITY}"
    assert settings.telegram.token.reveal() == SECRETS["telegram_token"]
    assert settings.database.url == SECRETS["database_url"]


def test_telegram_calls_an_address_that_the_program_has(settings: config.Config) -> None:
    assert settings.telegram.webhook_url.removeprefix(f"https://{CITY}") in paths()


def test_several_replicas_wait_for_the_migration_and_share_one_database_and_one_key_file() -> None:
    replicas, migrate = SERVICES["civicloop"], SERVICES["migrate"]
    assert replicas["deploy"]["replicas"] == 4
    assert replicas["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert migrate["depends_on"]["database"] == {"condition": "service_healthy"}
    assert migrate["restart"] == "on-failure"
    for part in ("image", "environment", "secrets", "volumes", "configs"):
        assert migrate[part] == replicas[part]


def test_what_the_containers_run_are_commands_of_the_program() -> None:
    for service in ("civicloop", "migrate"):
        name, *words = SERVICES[service]["command"]
        command: click.Command = cli.civicloop.commands[name]
        assert words[0] in {option for each in command.params for option in each.opts}
        assert words[1] in {each["target"] for each in SERVICES[service]["configs"]}


def test_health_is_asked_where_the_program_tells_it() -> None:
    asked = [SERVICES["civicloop"]["healthcheck"]["test"][-1], (ROOT / "Dockerfile").read_text(encoding="utf-8")]
    for text in asked:
        (path,) = re.findall(r"http://127\.0\.0\.1:8080(/\w+)", text)
        assert path in paths()


def test_the_proxy_leads_to_the_replicas_and_keeps_what_is_for_machines_inside() -> None:
    assert "dynamic a civicloop 8080" in PROXY
    assert "civicloop" in SERVICES
    assert SERVICES["proxy"]["depends_on"] == {"civicloop": {"condition": "service_healthy"}}
    (hidden,) = re.findall(r"@inside path (.+)", PROXY)
    assert set(hidden.split()) == {"/healthz", "/readyz", "/metrics"}
    assert set(hidden.split()) <= paths()
    assert "ports" not in SERVICES["civicloop"]


@pytest.mark.parametrize("told", ["203.0.113.7", "9.9.9.9, 203.0.113.7"])
async def test_a_visitor_behind_the_proxy_is_known_by_their_own_address(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a visitor says of themselves before the proxy does counts for nothing."""
    seen = []

    async def asked(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append((scope["client"][0], scope["scheme"]))

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setenv("FORWARDED_ALLOW_IPS", SERVICES["civicloop"]["environment"]["FORWARDED_ALLOW_IPS"])
    server = uvicorn.Config(asked, log_config=None, interface="asgi3")
    server.load()
    headers = [(b"x-forwarded-for", told.encode()), (b"x-forwarded-proto", b"https")]
    scope: Any = {"type": "http", "client": ("172.18.0.5", 1), "scheme": "http", "headers": headers}
    await server.loaded_app(scope, nothing, nothing)
    assert seen == [("203.0.113.7", "https")]


def test_every_secret_is_a_file_that_git_never_sees() -> None:
    used = {name for service in SERVICES.values() for name in service.get("secrets", ())}
    assert used == set(COMPOSE["secrets"])
    assert all(secret == {"file": f"secrets/{name}"} for name, secret in COMPOSE["secrets"].items())
    assert "secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert set(SECRETS) == set(SERVICES["civicloop"]["secrets"])


def test_volumes_and_configurations_are_declared_and_their_files_are_known() -> None:
    volumes = {mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", ())}
    assert volumes == set(COMPOSE["volumes"])
    configs = {each["source"] for service in SERVICES.values() for each in service.get("configs", ())}
    assert configs == set(COMPOSE["configs"])
    assert (ROOT / COMPOSE["configs"]["proxy"]["file"]).is_file()
