from typing import Any

import jsonschema

from gateway.config.folder import Envelope
from gateway.config.reference import json_schema, markdown_reference
from gateway.config.schema import Gateway
from tests.config.case import right


def test_the_json_schema_accepts_a_right_configuration_and_no_unknown_key() -> None:
    make: Any = jsonschema.Draft202012Validator
    validator = make(json_schema(Gateway))
    assert validator.is_valid(right())
    assert not validator.is_valid(right() | {"rutes": []})


def test_every_key_of_the_configuration_is_in_the_reference_page() -> None:
    page = markdown_reference({"gateway.yaml": Gateway, "Documents": Envelope})
    assert page.count("## gateway.yaml") == 1
    for heading in ("listeners[]", "listeners[].tls", "identity.jwt[]", "service.tls", "metadata"):
        assert f"### `{heading}`" in page
    assert "| `port` | integer (1..65535) | required |" in page
    assert "| `client_certificate` | `required` \\| `optional` | `required` |" in page
    assert "| `batches` | boolean | `false` | Accept JSON-RPC batches of 2025-03-26. |" in page
