from pathlib import Path
from typing import Any

import pytest

from tests.config.case import complaints, inspected, right


def with_state(state: Any, **more: Any) -> dict[str, Any]:
    return right() | {"state": state, **more}


@pytest.mark.parametrize(
    "state",
    [
        "memory",
        "redis://127.0.0.1:6379",
        "redis://127.0.0.1/0",
        "redis://[::1]:6379/15",
        "rediss://redis.internal:6380/1",
        "unix:///run/redis.sock",
        {"url": "redis://127.0.0.1:6379", "password": "x"},
        {"url": "rediss://redis.internal", "username": "gate", "password": "x"},
    ],
)
def test_these_states_are_right(state: Any, tmp_path: Path) -> None:
    assert complaints(with_state(state), tmp_path) == []


def test_credentials_in_the_url_are_an_error_that_does_not_quote_them(tmp_path: Path) -> None:
    value = with_state("redis://gate:s3cret@127.0.0.1:6379")
    (problem,) = inspected(value, tmp_path).problems
    assert problem.path == "state"
    assert "credentials" in str(problem)
    assert "s3cret" not in str(problem)


def test_gateways_that_share_need_a_key_in_common(tmp_path: Path) -> None:
    value = with_state("redis://127.0.0.1:6379", sessions={})
    value["routes"][0]["protocol"] = "unjudged"
    (complaint,) = complaints(value, tmp_path)
    assert complaint.startswith("error state: gateways seal")
    (problem,) = inspected(value, tmp_path, demo=True).problems
    assert problem.path == "state"


@pytest.mark.parametrize("url", ["redis://a b:1", "redis://host:port", "redis://host:70000"])
def test_a_url_without_a_host_and_port_is_an_error(url: str, tmp_path: Path) -> None:
    (complaint,) = complaints(with_state(url), tmp_path)
    assert complaint.startswith("error state")


def test_a_password_in_clear_over_a_network_is_a_warning(tmp_path: Path) -> None:
    value = with_state({"url": "redis://redis.internal:6379", "password": "s3cret"})
    (problem,) = inspected(value, tmp_path).problems
    assert (problem.severity, problem.path) == ("warning", "state.password")
    assert "s3cret" not in str(problem)


def test_a_ca_is_for_tls_and_has_to_be_there(tmp_path: Path) -> None:
    value = with_state({"url": "redis://127.0.0.1", "ca": "missing.pem"})
    assert {each.partition(":")[0] for each in complaints(value, tmp_path)} == {"error state.ca"}
    value = with_state({"url": "rediss://127.0.0.1", "ca": "missing.pem"})
    assert len(complaints(value, tmp_path)) == 1


def test_a_password_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "redis.password").write_text("s3cret\n")
    value = with_state({"url": "redis://127.0.0.1", "password": "file:redis.password"})
    loaded = inspected(value, tmp_path)
    assert loaded.gateway is not None
    assert loaded.gateway.state.password is not None
    assert loaded.gateway.state.password.get_secret_value() == "s3cret"
