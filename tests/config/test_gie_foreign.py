from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.config.document import Document, parse_documents, validate
from gateway.config.gie_foreign import (
    Duration,
    Foreign,
    ForeignMetadata,
    Quantity,
    name_of,
    namespace_of,
)


class Part(Foreign):
    metadata: ForeignMetadata | None = None
    max_bytes: Quantity = 0
    request_ttl: Duration = "1s"


def read(text: str) -> Part | list[str]:
    (document,) = parse_documents(text, "f.yaml", {}, Path())
    assert isinstance(document, Document)
    found = validate(document, Part)
    return [str(problem) for problem in found] if isinstance(found, tuple) else found


def test_keys_have_their_own_spelling() -> None:
    assert read("{maxBytes: 4Gi, requestTtl: 90s}") == Part.model_validate(
        {"maxBytes": 4 * 1024**3, "requestTtl": "90s"}
    )
    assert read("{maxBytes: 7}") == Part.model_validate({"maxBytes": 7})
    assert read("{max_bytes: 7}") == [
        'f.yaml:1:2: error: max_bytes: unknown key "max_bytes" (did you mean "maxBytes"?)'
    ]


def test_values_that_are_none_are_told() -> None:
    assert read("{maxBytes: 4gb, requestTtl: soon}") == [
        "f.yaml:1:12: error: maxBytes: not a quantity such as 20000, 500M or 4Gi",
        "f.yaml:1:29: error: requestTtl: not a duration such as 60s, 200ms or 1h30m",
    ]
    assert read("{maxBytes: true}") != Part.model_validate({"maxBytes": 1})
    assert read("{maxBytes: -1}") == [
        "f.yaml:1:12: error: maxBytes: input should be greater than or equal to 0"
    ]


def test_what_kubernetes_adds_to_metadata_is_left_alone() -> None:
    part = read(
        "metadata: {name: a, uid: 7, labels: {x: y}, creationTimestamp: 2026-01-02T03:04:05Z}"
    )
    assert isinstance(part, Part)
    assert part.metadata is not None
    assert (part.metadata.name, part.metadata.namespace) == ("a", "default")
    assert part.metadata.creation_timestamp == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("{kind: EndpointPickerConfig}", "pd-config"),
        ("{kind: EndpointPickerConfig, metadata: {name: mine}}", "mine"),
        ("{kind: EndpointPickerConfig, metadata: {name: 7}}", "pd-config"),
        ("{kind: EndpointPickerConfig, metadata: [name]}", "pd-config"),
        ("{kind: InferenceObjective}", ""),
        ("[1]", ""),
    ],
)
def test_a_configuration_without_a_name_has_that_of_its_file(text: str, name: str) -> None:
    (document,) = parse_documents(text, "folder/pd-config.yaml", {}, Path())
    assert isinstance(document, Document)
    assert name_of(document) == name


def test_only_a_written_namespace_is_one() -> None:
    texts = "metadata: {namespace: a}\n---\nmetadata: {name: a}\n---\nmetadata: {namespace: 1}"
    documents = parse_documents(texts, "f.yaml", {}, Path())
    found = [namespace_of(one) for one in documents if isinstance(one, Document)]
    assert found == ["a", None, None]
