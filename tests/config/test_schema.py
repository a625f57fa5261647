import pytest
from pydantic import ValidationError

from gateway.config.backend import BackendAuth
from gateway.config.schema import Gateway, Listener, Route


def test_an_unknown_key_and_a_wrong_type_are_errors() -> None:
    with pytest.raises(ValidationError, match="extra_forbidden"):
        Listener.model_validate_json('{"name": "a", "port": 1, "prot": 2}')
    with pytest.raises(ValidationError, match="int_type"):
        Listener.model_validate_json('{"name": "a", "port": "1"}')


def test_a_secret_is_not_shown() -> None:
    auth = BackendAuth.model_validate_json('{"value": "Bearer secret"}')
    assert "secret" not in repr(auth)
    with pytest.raises(ValidationError) as error:
        BackendAuth.model_validate_json('{"value": "Bearer secret", "header": "BAD!"}')
    assert "secret" not in str(error.value)


def test_names_are_dns_labels_so_that_no_backend_is_mistaken_for_the_service() -> None:
    for name in ("gatehouse_workers", "_unknown", "A", "-a", ""):
        with pytest.raises(ValidationError, match="string_pattern_mismatch"):
            Route.model_validate({"name": name, "path": "/", "protocol": "mcp", "backend": "b"})


def test_what_is_left_out_is_known_to_be_left_out() -> None:
    text = '{"apiVersion": "gatehouse.dev/v1", "listeners": [{"name": "a", "port": 1}]}'
    with pytest.raises(ValidationError, match="missing"):
        Gateway.model_validate_json(text)
    listener = Listener.model_validate_json('{"name": "a", "port": 1}')
    assert "accept" not in listener.identity.model_fields_set
