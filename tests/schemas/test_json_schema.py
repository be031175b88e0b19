"""The published schemas say what the decoder does."""

import json
from typing import Any, NamedTuple

import pytest

from schemas.decode import Decoded, Decoder
from schemas.events import EVENT_TYPES, EVENTS_OF_TOPIC
from schemas.json_schema import FORMATS, json_schema

TS = 1_700_000_000_000


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes
    value: bytes


def types_of(topic: str) -> dict[str, dict[str, Any]]:
    schema = json_schema([topic])
    top = schema["properties"][topic]
    refs = [part["$ref"] for part in top.get("anyOf", [top])]
    return {name: schema["$defs"][name] for name in (ref.removeprefix("#/$defs/") for ref in refs)}


def sample(described: dict[str, Any]) -> dict[str, Any]:
    """An event with each field of a type, by nothing but its schema."""
    return {name: value_of(field) for name, field in described["properties"].items()}


def value_of(field: dict[str, Any]) -> Any:
    if "enum" in field:
        return field["enum"][0]
    if field["type"] == "string":
        return field["pattern"].strip("^$()").split("|")[0] if "pattern" in field else "x"
    return TS if field["type"] == "integer" else field["maximum"]


def decode(topic: str, event: dict[str, Any]) -> Decoded:
    key = str(event.get("user_id", "")).encode()
    return Decoder(topic).decode(0, [Record(0, TS, key, json.dumps(event).encode())])


ALL_TYPES = [(topic, name) for topic in EVENTS_OF_TOPIC for name in types_of(topic)]


@pytest.mark.parametrize(("topic", "name"), ALL_TYPES)
def test_what_the_schema_allows_is_decoded_and_what_it_requires_is_required(topic: str, name: str) -> None:
    described = types_of(topic)[name]
    event = sample(described)

    assert decode(topic, event).dead_letters == []
    for field in described["required"]:
        (letter,) = decode(topic, {key: value for key, value in event.items() if key != field}).dead_letters
        assert letter.reason == f"{field}: Missing, but required"
    assert decode(topic, {field: event[field] for field in described["required"]}).dead_letters == []


@pytest.mark.parametrize(("topic", "name"), ALL_TYPES)
def test_each_type_is_described(topic: str, name: str) -> None:
    description = types_of(topic)[name]["description"]
    assert description.endswith(".")
    assert "`" not in description


def test_every_type_of_event_is_in_one_schema() -> None:
    tags = [types_of(topic)[name]["properties"]["type"]["enum"][0] for topic, name in ALL_TYPES]
    assert sorted(tags) == sorted(EVENT_TYPES)


def test_all_references_resolve() -> None:
    text = json.dumps(schema := json_schema(list(FORMATS)))
    for part in text.split('"#/$defs/')[1:]:
        assert part.split('"')[0] in schema["$defs"]
