"""What a request may be, by the Bot API's own words: JSON Schemas generated strictly from aiogram's models."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import aiogram.methods
import aiogram.types
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import core_schema

Json = dict[str, Any]
NOTES = {"default", "title", "description", "deprecated"}


class _Strict(GenerateJsonSchema):
    """Files are strings once they travel; aiogram's "whatever the bot's default is" never travels."""

    def emit_warning(self, kind: object, detail: str) -> None:
        """Say nothing of defaults that are no JSON: defaults are dropped."""

    def is_instance_schema(self, schema: core_schema.IsInstanceSchema) -> Json:
        return {"not": {}} if schema["cls"].__name__ == "Default" else {"type": "string"}


@functools.cache
def _methods() -> dict[str, type[Any]]:
    found = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    return {
        kind.__api_method__.lower(): kind for kind in found if isinstance(getattr(kind, "__api_method__", None), str)
    }


def name_of(method: str) -> str | None:
    """Return a method's name as the Bot API writes it, whatever the case; None where there is no such method."""
    kind = _methods().get(method.lower())
    return kind.__api_method__ if kind else None


@functools.cache
def schema(method: str) -> Json:
    """Return the JSON Schema of a method's parameters; nothing beyond them is allowed, at any depth."""
    strict: Json = _strict(_methods()[method.lower()].model_json_schema(schema_generator=_Strict))
    return strict


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _strict(value) for key, value in node.items() if key not in NOTES | {"properties"}}
    if "properties" not in node:
        return plain
    properties = {name: _strict(value) for name, value in node["properties"].items()}
    return {**plain, "properties": properties, "additionalProperties": False}


@functools.cache
def _validator(method: str) -> Draft202012Validator:
    return Draft202012Validator(schema(method))


def faults(method: str, parameters: Mapping[str, Any]) -> list[str]:
    """Return in words what in the parameters is not as the Bot API says; empty where all is."""
    return [f"{error.json_path}: {error.message[:300]}" for error in _validator(method).iter_errors(dict(parameters))]


def decoded(method: str, form: Mapping[str, str]) -> Json:
    """Read a form's or query's fields as Telegram does: what can only be JSON is JSON, the rest stays text."""
    return {name: _decoded(value, _kinds(method, name)) for name, value in form.items()}


def _decoded(value: str, kinds: frozenset[str]) -> Any:
    if kinds == {"integer", "string"}:
        return int(value) if value.lstrip("-").isdigit() else value
    if "string" in kinds or not kinds:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


@functools.cache
def _kinds(method: str, name: str) -> frozenset[str]:
    document = schema(method)
    return frozenset(_kinds_of(document["properties"].get(name, {}), document)) - {"null"}


def _kinds_of(node: Json, document: Json) -> set[str]:
    if "$ref" in node:
        return _kinds_of(document["$defs"][node["$ref"].rsplit("/", 1)[1]], document)
    kinds = {node["type"]} if "type" in node else set()
    for each in (*node.get("anyOf", ()), *node.get("oneOf", ())):
        kinds |= _kinds_of(each, document)
    if "enum" in node or "const" in node:
        kinds.add("string")
    return kinds


def misshapen(kind: str, document: Json) -> list[str]:
    """Return what aiogram has against `document` as an `Update`, a `Message`, …; empty where it can be read."""
    try:
        getattr(aiogram.types, kind).model_validate(document)
    except ValidationError as error:
        return [f"our {kind}: {line['loc']} {line['msg']}" for line in error.errors()]
    return []
