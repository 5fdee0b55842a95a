"""What the bot may do where it runs: container and service give it no rights that it does not need."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import cli, config
from bot.settings import Config, Secret

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "docs" / "civicloop.service"
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
EXPOSED = 1.1
"""What systemd counts of 10 at most; what is left is the network, which a chat bot needs."""


def settings_of(unit: str) -> dict[str, list[str]]:
    """Return each setting of the section [Service], in order."""
    found: dict[str, list[str]] = {}
    service = unit.partition("[Service]")[2].partition("\n[")[0]
    for name, _, value in (line.partition("=") for line in service.splitlines() if line and line[0] not in "#;"):
        found.setdefault(name, []).append(value)
    return found


# --------------------------------------------------------------------------- the service of systemd


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, which is not here")
def test_systemd_finds_the_service_hardly_exposed(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    shutil.copy(UNIT, unit)
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (exposed,) = re.findall(r"Overall exposure level for civicloop\.service: ([\d.]+)", told)
    assert float(exposed) <= EXPOSED, told


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, which is not here")
def test_systemd_understands_every_line_of_the_service(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/civicloop/bin/civicloop", "/bin/true"), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "civicloop.service" in line] == []


def test_the_service_runs_a_command_of_the_program_as_a_user_of_its_own() -> None:
    found = settings_of(UNIT.read_text("utf-8"))
    (command,) = found["ExecStart"]
    program, name, *options = command.split()
    assert program == "/opt/civicloop/bin/civicloop"
    assert name in cli.civicloop.commands
    assert options[0] in {opt for each in cli.civicloop.commands[name].params for opt in each.opts}
    assert found["User"] == ["civicloop"]


def test_the_service_writes_only_into_a_folder_that_nobody_else_reads() -> None:
    found = settings_of(UNIT.read_text("utf-8"))
    assert found["ProtectSystem"] == ["strict"]
    assert found["StateDirectory"] == ["civicloop"]
    assert found["StateDirectoryMode"] == ["0700"]
    assert found["WorkingDirectory"] == ["/var/lib/civicloop"]
    assert "ReadWritePaths" not in found
    assert found["UMask"] == ["0077"]


def test_the_secrets_of_the_service_come_from_files_that_systemd_hands_over() -> None:
    found = settings_of(UNIT.read_text("utf-8"))
    handed = {each.partition(":")[0] for each in found["LoadCredential"]}
    named = dict(each.split("=", 1) for line in found["Environment"] for each in line.split())
    secrets = {name: value for name, value in named.items() if name.startswith(config.PREFIX)}
    assert set(secrets.values()) == {f"%d/{each}" for each in handed}
    assert all(name.endswith("_FILE") for name in secrets)


def test_the_unit_can_be_read_by_other_programs_too() -> None:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # the way to keep capitals that Python's own docs show
    parser.read_string(UNIT.read_text("utf-8"))
    assert set(parser.sections()) == {"Unit", "Service", "Install"}


# --------------------------------------------------------------------------- the container


def test_the_container_runs_as_a_user_without_rights() -> None:
    lines = DOCKERFILE.splitlines()
    (user,) = [n for n, line in enumerate(lines) if line.startswith("USER ")]
    assert lines[user] == "USER 10001"
    assert [line for line in lines[user:] if line.startswith(("RUN ", "COPY ", "ADD "))] == []
    assert "sudo" not in DOCKERFILE
    assert "chmod" not in DOCKERFILE


def test_the_container_listens_where_a_user_without_rights_may() -> None:
    (port,) = re.findall(r"^EXPOSE (\d+)$", DOCKERFILE, re.MULTILINE)
    assert int(port) > 1023


def test_the_program_in_the_container_belongs_to_root_and_only_its_data_to_the_bot() -> None:
    owned = re.findall(r"chown (?:-R )?(\S+) (\S+)", DOCKERFILE)
    assert owned == [("civicloop", "/data")]
    assert "--chown" not in DOCKERFILE
    assert re.search(r"^VOLUME /data$", DOCKERFILE, re.MULTILINE)


def test_the_container_asks_after_its_own_health() -> None:
    (asked,) = re.findall(r"^HEALTHCHECK .*\\\n  CMD (\[.*\])$", DOCKERFILE, re.MULTILINE)
    program, flag, text = json.loads(asked)
    assert (program, flag) == ("python", "-c")
    compile(text, "HEALTHCHECK", "exec")


def test_no_secret_is_built_into_the_container() -> None:
    told = "\n".join(line for line in DOCKERFILE.splitlines() if line.startswith(("ENV ", "ARG ")))
    assert not re.search(r"TOKEN|PASSWORD|SECRET|KEY|DATABASE", told)
    kept = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert kept[0] == "*", "what goes in is listed, all else stays out"
    assert not [line for line in kept if line.startswith("!") and re.search("config|secret|data", line)]


@pytest.mark.parametrize("name", ["civicloop", "migrate"])
def test_containers_of_the_program_have_a_read_only_file_system_and_no_rights(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]
    assert "privileged" not in service
    assert "user" not in service, "the image says who"


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in COMPOSE["services"].items() if service.get("ports")] == ["proxy"]


# --------------------------------------------------------------------------- secrets

SECRETS = {
    ("database", "url"): "postgresql://civicloop:word@database/civicloop",
    ("telegram", "token"): "42:AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ("telegram", "secret_token"): "from-the-file",
    ("mail", "password"): "from the file",
    ("model", "key"): "sk-from-the-file",
}


def hidden() -> set[tuple[str, str]]:
    """Return every setting that is a secret by its type, and the address of the database, which may hold a password."""
    sections = {name: kind for name, kind in Config.__annotations__.items() if isinstance(kind, type)}
    kept = {
        (name, key)
        for name, kind in sections.items()
        for key, hint in getattr(kind, "__annotations__", {}).items()
        if getattr(hint, "__origin__", hint) is Secret
    }
    return {*kept, ("database", "url")}


def test_every_secret_setting_is_known_to_these_tests() -> None:
    assert hidden() == set(SECRETS) == config._SECRETS


@pytest.mark.parametrize(("section", "key"), sorted(SECRETS))
def test_every_secret_may_come_from_a_file(section: str, key: str, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRETS[section, key]}\n", encoding="utf-8")
    found = config.load(None, {f"CIVICLOOP_{section}__{key}_FILE".upper(): str(file)})
    value = getattr(getattr(found, section), key)
    assert (value.reveal() if isinstance(value, Secret) else value) == SECRETS[section, key]


@pytest.mark.parametrize(("section", "key"), sorted(SECRETS))
def test_no_secret_is_shown_by_settings_that_are_printed(section: str, key: str) -> None:
    found = config.load(None, {f"CIVICLOOP_{section}__{key}".upper(): SECRETS[section, key]})
    assert SECRETS[section, key] not in repr(found)
    assert SECRETS[section, key] not in f"{found}"


@pytest.mark.parametrize(("section", "key"), sorted(SECRETS))
def test_no_secret_is_shown_where_settings_are_wrong(section: str, key: str) -> None:
    wrong = {"url": "mysql://civicloop:hush-hush@database", "token": "hush-hush", "secret_token": "hush-hush \u00e9"}
    environ = {f"CIVICLOOP_{section}__{key}".upper(): wrong.get(key, "hush-hush"), "CIVICLOOP_WEB__PORT": "no number"}
    with pytest.raises(config.Faulty) as trouble:
        config.load(None, environ)
    assert "hush-hush" not in str(trouble.value)
