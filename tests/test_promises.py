"""What the documents promise of the code, held: imports point inward, files agree with each other, commands run."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bot.channels.console import NAME as CONSOLE
from bot.channels.telegram.updates import CHANNEL as TELEGRAM
from bot.channels.web.channel import NAME as WEB
from bot.metrics import Metrics
from flows import form
from flows.catalog import Catalog
from flows.comparing import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGES = ("flows", "storage", "bot")
BELOW = {"flows": set[str](), "storage": {"flows"}, "bot": {"flows", "storage"}}
"""Which of our packages each may import, beside itself."""
HOMES = {
    "sqlalchemy": ("storage",),
    "alembic": ("storage",),
    "telegram": ("bot",),
    "apscheduler": ("bot/jobs",),
    "pandas": ("bot/digests",),
    "statsmodels": ("bot/digests",),
    "matplotlib": ("bot/digests",),
    "starlette": ("bot/channels/web", "bot/app.py"),
    "segno": ("bot/rounds",),
    "fpdf": ("bot/pictures",),
    "pyxform": ("bot/importing",),
    "xlrd": ("bot/importing",),
}
"""One library, one home. Names used for types alone live nowhere."""
CHANCE = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("random", "random"),
    ("random", "choice"),
    ("random", "randint"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
    ("secrets", "token_urlsafe"),
    ("secrets", "token_hex"),
    ("secrets", "token_bytes"),
    ("os", "urandom"),
}
"""Calls that bring time or chance into being."""
COMPOSITION = {"bot/app.py", "bot/clock.py"}
"""Where things are connected, and time and chance come from."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Give each of our modules by its path, parsed."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def imports(module: ast.Module) -> Iterator[tuple[str, bool]]:
    """Give the top name of everything imported, and whether it is for types alone."""
    for_types = {
        id(node)
        for test in ast.walk(module)
        if isinstance(test, ast.If) and ast.unparse(test.test).endswith("TYPE_CHECKING")
        for node in ast.walk(test)
    }
    for node in ast.walk(module):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        yield from ((name.partition(".")[0], id(node) in for_types) for name in names)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_inward(package: str) -> None:
    ours = {*PACKAGES, "tests"}
    wrong = [
        f"{path} imports {name}"
        for path, module in modules()
        if path.startswith(f"{package}/")
        for name, _ in imports(module)
        if name in ours - {package} - BELOW[package]
    ]
    assert wrong == []


@pytest.mark.parametrize("library", sorted(HOMES))
def test_each_library_has_one_home(library: str) -> None:
    strangers = [
        path
        for path, module in modules()
        for name, for_types in imports(module)
        if name == library and not for_types and not path.startswith(HOMES[library])
    ]
    assert strangers == []


def test_time_and_chance_are_arguments_below_the_composition_root() -> None:
    calls = [
        f"{path}, line {node.lineno}: {ast.unparse(node.func)}"
        for path, module in modules()
        if path not in COMPOSITION
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (ast.unparse(node.func.value).rpartition(".")[2], node.func.attr) in CHANCE
    ]
    assert calls == []


SENTENCE = re.compile(r"[A-ZÁÉÍÓÚ¿¡][^{}]*\w+ \w+ \w+.*[.?!]$")
"""A text that begins like a sentence, has some words, and ends like one."""
SPEAKS_TO_CITIZENS = ("flows/", "bot/channels/", "bot/desk/", "bot/turns.py", "bot/participation.py", "bot/staff.py")
SPEAKS_TO_AUTHORS = (
    "flows/issues.py",
    "flows/checks/",
    "flows/form.py",
    "flows/source.py",
    "flows/composing.py",
    "flows/shelf.py",
    "flows/reading.py",
)


def test_no_sentence_that_citizens_read_stands_in_python() -> None:
    found = [
        f"{path}, line {line}: {text}"
        for path, module in modules()
        if path.startswith(SPEAKS_TO_CITIZENS) and not path.startswith(SPEAKS_TO_AUTHORS)
        for line, text in _texts(module)
        if SENTENCE.match(text)
    ]
    assert found == []


def _texts(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Give the line and words of every text that is no docstring and no word for operators (errors, logs)."""
    aside = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _for_operators(node.func)):
            aside |= {id(each) for each in ast.walk(node)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in aside:
            yield node.lineno, node.value


def _for_operators(called: ast.expr) -> bool:
    name = ast.unparse(called)
    return name.startswith(("log.", "_log.", "logger.")) or name.endswith(("Trouble", "Issue", "Field", "Unreadable"))


# --------------------------------------------------------------------------- files that agree with each other


def test_the_schema_for_editors_is_the_one_the_parser_has() -> None:
    kept = (ROOT / "flows" / "flow.schema.json").read_text(encoding="utf-8")
    assert kept == form.schema()


def test_flows_know_every_channel_on_which_a_citizen_can_answer() -> None:
    assert set(CHANNELS) == {TELEGRAM, WEB, CONSOLE}


def test_the_example_at_the_top_is_the_one_built_in() -> None:
    example = (ROOT / "config.example.toml").read_bytes()
    assert example == (ROOT / "bot" / "config.example.toml").read_bytes()


def project() -> dict[str, Any]:
    """Return the project's own file."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


LOCKS = {
    "requirements.lock": ["build"],
    "requirements-test.lock": ["build", "test"],
    "requirements-bench.lock": ["build", "bench"],
    "requirements-mutants.lock": ["build", "mutants"],
    "requirements-audit.lock": ["build", "audit"],
}


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_index_and_hash_everything(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^-", text, re.MULTILINE)
    wanted = re.findall(r"^[^\s#].*==.*$", text, re.MULTILINE)
    assert wanted
    assert all(line.endswith("\\") for line in wanted)
    assert text.count("--hash=sha256:") >= len(wanted)


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_locks_hold_what_the_project_asks_for(lock: str, extras: list[str]) -> None:
    asked = project()["project"]
    wanted = asked["dependencies"] + [line for extra in extras for line in asked["optional-dependencies"][extra]]
    locked = dict(
        re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    )
    held = {canonicalize_name(name): version for name, version in locked.items()}
    missing = [
        line
        for line in map(Requirement, wanted)
        if not line.specifier.contains(held.get(canonicalize_name(line.name), "0"))
    ]
    assert missing == []


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock"])
def test_locks_hold_all_that_their_parts_ask_for(lock: str) -> None:
    """Nothing is looked up while installing: a release of today must not stop an installation of yesterday's lock."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    held = {canonicalize_name(name) for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}
    here = {canonicalize_name(each.name): each for each in distributions()}
    asked = [
        (name, line)
        for name in sorted(held & set(here))
        for line in map(Requirement, here[name].requires or [])
        if line.marker is None or line.marker.evaluate({"extra": ""})
    ]
    assert len(asked) > len(held) / 2, "the parts are installed here"
    assert [(name, str(line)) for name, line in asked if canonicalize_name(line.name) not in held] == []
    commands = [
        line
        for file in ("Makefile", "Dockerfile")
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines()
        if "--require-hashes" in line
    ]
    assert commands
    assert all("--no-deps" in line for line in commands)


def test_what_we_import_is_what_we_ask_for() -> None:
    asked = {canonicalize_name(Requirement(line).name) for line in project()["project"]["dependencies"]}
    known_as = {
        "telegram": "python-telegram-bot",
        "PIL": "pillow",
        "fpdf": "fpdf2",
        "prometheus_client": "prometheus-client",
        "sklearn": "scikit-learn",
        "phonenumbers": "phonenumberslite",
        "stdnum": "python-stdnum",
    }
    used = {name for _, module in modules() for name, for_types in imports(module) if not for_types}
    ours = {*PACKAGES, *sys.stdlib_module_names, "__future__", ""}
    assert {canonicalize_name(known_as.get(name, name)) for name in used - ours} <= asked | {"numpy"}


def test_every_ruff_exception_is_argued() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    rules = re.findall(r'^    "[A-Z]+\d*",.*$', text, re.MULTILINE)
    assert rules
    assert [line for line in rules if "  # " not in line] == []


TEXT = {"type": "string", "minLength": 1}
TEXTS = {"type": "array", "minItems": 1, "uniqueItems": True, "items": TEXT}
NEEDED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": TEXT, "versionMin": TEXT, "optional": {"type": "boolean"}},
        "additionalProperties": False,
    },
}
PUBLICCODE = {
    "type": "object",
    "additionalProperties": False,
    "required": [
        *("publiccodeYmlVersion", "name", "url", "platforms", "categories", "developmentStatus"),
        *("softwareType", "description", "legal", "maintenance", "localisation"),
    ],
    "properties": {
        "publiccodeYmlVersion": {"const": "0"},
        "name": TEXT,
        "url": {"type": "string", "pattern": r"^https://\S+$"},
        "softwareVersion": TEXT,
        "releaseDate": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        "platforms": TEXTS,
        "categories": TEXTS,
        "developmentStatus": {"enum": ["concept", "development", "beta", "stable", "obsolete"]},
        "softwareType": {"enum": ["standalone/web", "standalone/backend", "standalone/other"]},
        "intendedAudience": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"scope": TEXTS},
        },
        "description": {
            "type": "object",
            "required": ["en", "es"],
            "additionalProperties": {
                "type": "object",
                "required": ["shortDescription", "longDescription", "features"],
                "additionalProperties": False,
                "properties": {
                    "localisedName": TEXT,
                    "shortDescription": {"type": "string", "minLength": 1, "maxLength": 150},
                    "longDescription": {"type": "string", "minLength": 150, "maxLength": 10000},
                    "features": TEXTS,
                    "screenshots": TEXTS,
                },
            },
        },
        "legal": {
            "type": "object",
            "required": ["license"],
            "additionalProperties": False,
            "properties": {"license": TEXT, "mainCopyrightOwner": TEXT, "repoOwner": TEXT},
        },
        "maintenance": {
            "type": "object",
            "required": ["type", "contacts"],
            "additionalProperties": False,
            "properties": {
                "type": {"enum": ["internal", "community"]},
                "contacts": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {"name": TEXT, "email": TEXT, "phone": TEXT, "affiliation": TEXT},
                    },
                },
            },
        },
        "localisation": {
            "type": "object",
            "required": ["localisationReady", "availableLanguages"],
            "additionalProperties": False,
            "properties": {
                "localisationReady": {"type": "boolean"},
                "availableLanguages": {
                    **TEXTS,
                    "items": {"type": "string", "pattern": r"^[a-z]{2,3}(-[A-Za-z0-9]+)*$"},
                },
            },
        },
        "dependsOn": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"open": NEEDED, "proprietary": NEEDED, "hardware": NEEDED},
        },
    },
}
"""The publiccode.yml standard 0.7 for the keys that we use, in our words: the standard comes without a JSON schema.

Version "0" is how it calls its newest version before 1. A contract would need `contractors`, so it is left out.
"""
VOCABULARY = {
    "categories": {"feedback-and-reviews-management", "survey", "data-collection", "digital-citizenship"},
    "scope": {"local-authorities", "society"},
}
"""Those words of the standard's lists that fit us; others of its words are valid too, and may be added here."""


def test_publiccode_keeps_to_the_standard_and_to_the_project() -> None:
    told = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    jsonschema.validate(told, PUBLICCODE)
    assert set(told["categories"]) <= VOCABULARY["categories"]
    assert set(told["intendedAudience"]["scope"]) <= VOCABULARY["scope"]
    assert set(told["localisation"]["availableLanguages"]) == set(Catalog.load().languages)
    shown = [picture for words in told["description"].values() for picture in words.get("screenshots", ())]
    assert [picture for picture in shown if not (ROOT / picture).is_file()] == []
    asked = project()["project"]
    assert (told["softwareVersion"], told["legal"]["license"]) == (asked["version"], asked["license"])


def test_the_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(r"^## (?!Unreleased)(\S+)", text, re.MULTILINE)
    assert found
    assert found[1] == project()["project"]["version"]


def test_the_licence_is_whole() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert "Appendix" in text


# --------------------------------------------------------------------------- documents that run

DOCUMENTS = sorted([ROOT / "README.md", ROOT / "flows" / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
ENDLESS = ("civicloop run", "docker", "git clone", "cd ")
"""Commands that are known, not run: they do not end, or fetch."""
SHELL = "sqlite3"
"""SQLite's own program, which not every machine has."""
NEW_DATABASE = "NEW_DATABASE"
"""The variable that documents write for the address of an empty PostgreSQL database."""


def commands(document: Path) -> list[str]:
    """Return what a document tells to type: the lines after `$ ` in its console blocks."""
    blocks = [text for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")) if kind == "console"]
    return [line[2:].strip() for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def in_order() -> Iterator[Any]:
    """Give each document that tells to type something."""
    for document in DOCUMENTS:
        if document.exists() and commands(document):
            yield pytest.param(document, id=document.relative_to(ROOT).as_posix())


@pytest.mark.timeout(900)  # each line starts the program anew
@pytest.mark.parametrize("document", list(in_order()))
def test_what_a_document_tells_to_type_works(document: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    environ = {name: text for name, text in os.environ.items() if not name.startswith("CIVICLOOP_")}
    environ |= {"PATH": f"{Path(sys.executable).parent}:{environ['PATH']}", "CIVICLOOP_WEB__PORT": "0"}
    environ |= {"CIVICLOOP_FLOWS__FOLDER": str(_laid_down(document, tmp_path / "our_flows"))}
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    if any(NEW_DATABASE in command for command in commands(document)):
        environ[NEW_DATABASE] = request.getfixturevalue("postgres_url")
    for command in commands(document):
        words = shlex.split(command, comments=True)
        if words[0] == "make":
            assert [word for word in words[1:] if "=" not in word and word not in targets()] == [], command
        elif not command.startswith(ENDLESS) and (SHELL not in command or shutil.which(SHELL)):
            ran = _typed(command, tmp_path, environ)
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"


def _typed(command: str, folder: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell, with nobody at the keyboard."""
    return subprocess.run(
        ["bash", "-ec", command],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _laid_down(document: Path, folder: Path) -> Path:
    """Write the flows and translations that a document shows whole into `folder`, under the names they should have."""
    folder.mkdir()
    for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")):
        raw = tomllib.loads(text) if kind == "toml" else {}
        of = raw.get("of", {})
        if flow := raw.get("flow") or of.get("flow"):
            name = f"{flow}.{raw['language']}.toml" if of else f"{flow}.toml"
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def targets() -> set[str]:
    """Return what can be made."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_everything_that_can_be_made_is_explained() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets() == set(re.findall(r"^([a-z]+):.*?## ", text, re.MULTILINE))


def test_the_measures_that_operators_are_told_to_watch_exist() -> None:
    text = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    named = set(re.findall(r"civicloop_\w+", text))
    measures = Metrics().registry.collect()
    assert named - {name for each in measures for name in (each.name, f"{each.name}_total")} == set()
    assert len(named) > 5


def test_json_and_toml_examples_in_documents_can_be_read() -> None:
    for document in filter(Path.exists, DOCUMENTS):
        for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")):
            if kind == "toml":
                tomllib.loads(text)
            if kind == "json":
                json.loads(text)
