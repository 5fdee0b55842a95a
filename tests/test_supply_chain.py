"""What comes from others: locked to hashes, under licences we may use, listed for whoever must know."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import cyclonedx.schema
import pytest
from jsonschema import Draft7Validator
from referencing import Registry
from referencing.jsonschema import DRAFT7

from tests.support import audit, locked, sbom

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"


def schema(name: str) -> Any:
    return json.loads((SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8"))


def faults_of(listed: object) -> list[str]:
    """Return what the official schema of CycloneDX 1.6 finds wrong."""
    beside = {f"{name}.SNAPSHOT.schema.json": schema(name) for name in ("spdx", "jsf-0.82")}
    base = "http://cyclonedx.org/schema/"
    known = [(f"{base}{name}", DRAFT7.create_resource(each)) for name, each in beside.items()]
    registry: Registry[Any] = Registry().with_resources(known)
    return [error.message for error in Draft7Validator(schema("bom-1.6"), registry=registry).iter_errors(listed)]


# --------------------------------------------------------------------------- lock files


@pytest.mark.parametrize("file", locked.FILES)
def test_every_line_of_a_lock_file_is_a_version_or_a_hash_and_names_no_index(file: str) -> None:
    text = (locked.ROOT / file).read_text(encoding="utf-8")
    entry = re.compile(r"[a-z0-9-]+==[^\s;]+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in text.splitlines() if not entry.fullmatch(line)] == []
    assert not re.search(r"https?://|file:|@ |--(extra-)?index-url|--find-links", text)


@pytest.mark.parametrize("file", locked.FILES)
def test_every_locked_package_has_hashes(file: str) -> None:
    packages = locked.read(file)
    text = (locked.ROOT / file).read_text(encoding="utf-8")
    assert len(packages) == len(re.findall("==", re.sub(r";.*", "", text)))
    assert sum(len(one.hashes) for one in packages) == text.count("--hash=")
    assert all(one.hashes for one in packages)


def test_a_package_has_the_same_version_and_hashes_in_every_lock_file() -> None:
    """So that what was tested is what runs."""
    seen: dict[str, set[tuple[str, tuple[str, ...]]]] = {}
    for one in (each for file in locked.FILES for each in locked.read(file)):
        seen.setdefault(one.name, set()).add((one.version, one.hashes))
    assert {name for name, found in seen.items() if len(found) > 1} == set()


def test_nothing_is_installed_without_hashes() -> None:
    """By make, or in the container."""
    for file in ("Makefile", "Dockerfile"):
        lines = (locked.ROOT / file).read_text(encoding="utf-8").splitlines()
        installs = [line for line in lines if "pip install" in line]
        assert installs
        assert [line for line in installs if "--require-hashes" not in line and not re.search(r" \.( |$)", line)] == []
        assert all("--no-deps" in line for line in installs)


# --------------------------------------------------------------------------- licences


@pytest.mark.parametrize("file", locked.FILES)
def test_every_locked_package_comes_under_a_licence_that_is_allowed(file: str) -> None:
    allowed = locked.SHIPPED if file == locked.RUNTIME else locked.TOOLS
    said = {one.name: locked.licence(one.name) for one in locked.read(file)}
    assert {name for name, licence in said.items() if licence is None} == set(), "read their licence, add it to TOLD"
    assert {(name, each) for name, each in said.items() if each and not locked.allows(allowed, each)} == set()


def test_nothing_under_the_gpl_alone_is_allowed_where_the_bot_runs() -> None:
    assert not locked.allows(locked.SHIPPED, "GPL-3.0-only")
    assert not locked.allows(locked.SHIPPED, "MIT AND AGPL-3.0-only")
    assert locked.allows(locked.SHIPPED, "GPL-3.0-only OR MIT")


def test_licences_are_told_by_hand_only_where_packages_are_still_locked_and_do_not_say_it() -> None:
    names = {one.name for file in locked.FILES for one in locked.read(file)}
    assert set(locked.TOLD) <= names
    tested = {one.name for one in locked.read("requirements-test.lock")}
    assert {name for name in tested & set(locked.TOLD) if locked._declared(name)} == set()


WORDS = {
    "MIT": "Permission is hereby granted, free of charge",
    "BSD": "Redistribution and use",
    "Apache": "Apache",
    "LGPL": "GNU LESSER GENERAL PUBLIC LICENSE",
    "MPL": "Mozilla Public License",
    "PSF": "Python Software Foundation|PSF|Matplotlib Development Team",
    "GPL": "GNU GENERAL PUBLIC LICENSE",
}
"""What stands in the text of a licence of each family."""


@pytest.mark.parametrize("name", sorted(locked.TOLD))
def test_a_licence_told_by_hand_is_what_the_packages_own_text_says(name: str) -> None:
    try:
        files = metadata.files(name) or []
    except metadata.PackageNotFoundError:
        pytest.skip("not installed here: a package for another system, or for `make mutants`")
    paths = [Path(str(each.locate())) for each in files if re.search("licen[cs]e|copying", str(each), re.IGNORECASE)]
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths if path.suffix != ".py")
    facts = metadata.metadata(name)
    text += str(facts["License"]) if "License" in facts else ""
    family = locked.TOLD[name].split("-")[0]
    assert re.search(WORDS[family], text), f"{name}: {paths}"


# --------------------------------------------------------------------------- the list of parts


def test_the_list_of_parts_follows_the_official_schema() -> None:
    assert faults_of(sbom.bom(NOW)) == []


def test_the_schema_would_notice_a_fault() -> None:
    broken = sbom.bom(NOW)
    broken["components"][0]["externalReferences"][0]["hashes"][0]["content"] = "no hash"
    assert faults_of(broken)
    assert faults_of({"bomFormat": "CycloneDX"})


def test_the_list_of_parts_has_every_package_with_version_hashes_and_licence() -> None:
    listed = sbom.bom(NOW)
    parts = {part["name"]: part for part in listed["components"]}
    packages = locked.read(locked.RUNTIME)
    assert set(parts) == {one.name for one in packages}
    for one in packages:
        part = parts[one.name]
        assert part["version"] == one.version
        assert part["licenses"] == [{"expression": locked.licence(one.name)}]
        (files,) = [each["hashes"] for each in part["externalReferences"]]
        assert {each["content"] for each in files} == set(one.hashes)


def test_the_list_of_parts_says_what_needs_what_and_nothing_in_it_is_needed_by_nobody() -> None:
    listed = sbom.bom(NOW)
    needs = {each["ref"]: set(each["dependsOn"]) for each in listed["dependencies"]}
    known = {part["bom-ref"] for part in listed["components"]}
    assert set(needs) == {*known, listed["metadata"]["component"]["bom-ref"]}
    assert set.union(*needs.values()) <= known
    product = needs[listed["metadata"]["component"]["bom-ref"]]
    assert any(ref.startswith("pkg:pypi/python-telegram-bot@") for ref in product)
    reached, ahead = set(product), list(product)
    while ahead:
        fresh = needs[ahead.pop()] - reached
        reached |= fresh
        ahead += fresh
    extras = {"pkg:pypi/psycopg-binary", "pkg:pypi/setuptools"}  # asked for as extras
    assert {ref for ref in known - reached if ref.split("@")[0] not in extras} == set()


def test_the_list_of_parts_is_written_by_a_command(tmp_path: Path) -> None:
    file = tmp_path / "parts.json"
    command = [sys.executable, "-m", "tests.support.sbom", str(file)]
    done = subprocess.run(command, cwd=locked.ROOT, capture_output=True, text=True, check=True)
    assert f"{len(locked.read(locked.RUNTIME))} packages" in done.stdout
    assert faults_of(json.loads(file.read_text(encoding="utf-8"))) == []


# --------------------------------------------------------------------------- known weaknesses

WEAK = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"], "description": "…"}]}
SOUND = {"name": "segno", "version": "1.6.6", "vulns": []}
SKIPPED = {"name": "xlrd", "skip_reason": "not found"}


def test_a_weakness_that_is_known_is_told_and_what_was_not_looked_at_is_not_called_sound() -> None:
    found = audit.understood(json.dumps({"dependencies": [WEAK, SOUND, SKIPPED]}))
    assert found == audit.Audit(("segno",), ("jinja2 2.0 PYSEC-1",), ("xlrd",))
    told = audit.told("a.lock", found)
    assert "1 packages without a known weakness, 1 weaknesses" in told
    assert "a.lock: NOT AUDITED: xlrd" in told
    assert "jinja2 2.0 PYSEC-1" in told


@pytest.mark.parametrize("report", ["", "No network", json.dumps({"dependencies": [SKIPPED]})])
def test_where_the_service_cannot_be_reached_nothing_is_called_sound(report: str) -> None:
    assert "NOT AUDITED" in audit.told("a.lock", audit.understood(report))
    assert "without a known weakness" not in audit.told("a.lock", audit.understood(report))


def test_continuous_integration_audits() -> None:
    assert "make audit" in (locked.ROOT / ".ci" / "run").read_text(encoding="utf-8")
