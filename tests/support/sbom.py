"""Write what the bot is made of as CycloneDX 1.6, from the lock file: `make sbom`."""

from __future__ import annotations

import json
import sys
import tomllib
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.locked import ROOT, RUNTIME, Locked, licence, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE = "civicloop.cdx.json"


def main() -> None:
    """Write the list to the file that is named, or to `civicloop.cdx.json`."""
    file = Path(sys.argv[1] if len(sys.argv) > 1 else FILE)
    listed = bom(datetime.now(UTC))
    file.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {len(listed['components'])} packages")  # noqa: T201 - a command prints


def bom(now: datetime) -> dict[str, Any]:
    """Return the list of parts as of `now`, with versions, hashes, licences, and what needs what."""
    packages = {one.name: one for one in read(RUNTIME)}
    product = _product()
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, (ROOT / RUNTIME).read_text(encoding='utf-8'))}",
        "version": 1,
        "metadata": {"timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": product},
        "components": [_component(one) for one in packages.values()],
        "dependencies": [*_dependencies(str(product["bom-ref"]), packages)],
    }


def _product() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {
        "type": "application",
        "bom-ref": f"{project['name']}@{project['version']}",
        "name": project["name"],
        "version": project["version"],
        "description": project["description"],
        "licenses": [{"expression": project["license"]}],
    }


def _component(one: Locked) -> dict[str, Any]:
    """Return a package; each of its files has a hash of its own, so they stand with what is handed out."""
    known = licence(one.name)
    files = [{"alg": "SHA-256", "content": each} for each in one.hashes]
    return {
        "type": "library",
        "bom-ref": one.purl,
        "name": one.name,
        "version": one.version,
        "purl": one.purl,
        **({"licenses": [{"expression": known}]} if known else {}),
        "externalReferences": [{"type": "distribution", "url": one.purl, "hashes": files}],
    }


def _dependencies(product: str, packages: Mapping[str, Locked]) -> Iterator[dict[str, Any]]:
    yield {"ref": product, "dependsOn": _needs("civicloop", packages)}
    for one in packages.values():
        yield {"ref": one.purl, "dependsOn": _needs(one.name, packages)}


def _needs(name: str, packages: Mapping[str, Locked]) -> list[str]:
    """Return which of the locked packages one needs here, without its extras but those that are asked for by name."""
    try:
        wanted = [Requirement(line) for line in metadata.requires(name) or ()]
    except metadata.PackageNotFoundError:
        return []
    here = {name: str(value) for name, value in default_environment().items()} | {"extra": ""}
    found = {canonicalize_name(one.name) for one in wanted if one.marker is None or one.marker.evaluate(here)}
    return sorted(packages[each].purl for each in found if each in packages)


if __name__ == "__main__":
    main()
