import base64
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.config.case import KEY, complaints, inspected, right

ISSUER = {"issuer": "https://idp", "audiences": ["gatehouse"]}


def with_section(name: str, section: dict[str, Any]) -> dict[str, Any]:
    return right() | {name: section}


@pytest.mark.parametrize(
    "key", ["short", base64.b64encode(bytes(32)).decode(), base64.b64encode(b"x" * 31).decode()]
)
def test_a_weak_session_key_is_an_error_that_does_not_quote_it(key: str, tmp_path: Path) -> None:
    for demo in (False, True):
        value = with_section("sessions", {"keys": [key]})
        (problem,) = inspected(value, tmp_path, demo=demo).problems
        assert problem.path == "sessions.keys[0]"
        assert key not in str(problem)


def test_a_missing_session_key_is_excused_in_a_demo_only(tmp_path: Path) -> None:
    value = with_section("sessions", {})
    assert complaints(value, tmp_path) == [
        "error sessions.keys: sessions cannot be sealed without a key"
    ]
    assert inspected(value, tmp_path, demo=True).problems == ()


def test_no_route_with_sessions_needs_no_key(tmp_path: Path) -> None:
    value = with_section("sessions", {})
    value["routes"][0]["protocol"] = "unjudged"
    assert complaints(value, tmp_path) == []


@pytest.mark.parametrize(
    ("name", "section", "complaint"),
    [
        ("identity", {"jwt": [ISSUER]}, "exactly one of jwks_file and jwks_url"),
        (
            "identity",
            {"jwt": [ISSUER | {"jwks_file": "a", "jwks_url": "https://b"}]},
            "exactly one of jwks_file and jwks_url",
        ),
        ("identity", {"jwt": [ISSUER | {"jwks_file": "absent"}]}, 'cannot read "absent"'),
        (
            "identity",
            {"jwt": [ISSUER | {"jwks_url": "https://b"}] * 2},
            'issuer "https://idp" already exists',
        ),
        (
            "identity",
            {"keys": [{"name": "a", "sha256": "0" * 64}, {"name": "b", "sha256": "0" * 64}]},
            "two names for the same key",
        ),
        (
            "identity",
            {"keys": [{"name": "a", "sha256": "0" * 64}, {"name": "a", "sha256": "1" * 64}]},
            'key "a" already exists',
        ),
        ("service", {"admin": "host"}, '"host" is not host:port'),
        ("service", {"envoy_admin": "0.0.0.0:9901"}, "has no access control"),
        ("service", {"envoy_admin": "unix:/tmp/x"}, '"unix:/tmp/x" is not host:port'),
        ("service", {"envoy_admin": "unix", "run": "x" * 81}, "longer than the 80 bytes"),
        ("service", {"listen": "nowhere"}, '"nowhere" is neither "unix" nor host:port'),
        ("service", {"listen": "127.0.0.1:65535", "workers": 2}, "not enough ports"),
        ("service", {"listen": "10.0.0.1:9920"}, "can pose as Envoy"),
        ("telemetry", {"otlp_endpoint": "http://x"}, '"http://x" is not host:port'),
    ],
)
def test_a_wrong_section_is_an_error(
    name: str, section: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    found = complaints(with_section(name, section), tmp_path)
    assert any(complaint in problem and problem.startswith("error") for problem in found), found


def test_envoys_admin_address_may_be_a_socket() -> None:
    with TemporaryDirectory(prefix="gatehouse-") as folder:
        value = with_section("service", {"envoy_admin": "unix", "run": "run"})
        assert complaints(value, Path(folder)) == []


def test_an_empty_session_key_is_none_only_if_it_is_alone(tmp_path: Path) -> None:
    """What is left of "${NAME:-}" where nothing is set."""
    value = with_section("sessions", {"keys": [""]})
    assert complaints(value, tmp_path) == [
        "error sessions.keys: sessions cannot be sealed without a key"
    ]
    assert inspected(value, tmp_path, demo=True).problems == ()
    value = with_section("sessions", {"keys": ["", KEY]})
    (problem,) = inspected(value, tmp_path, demo=True).problems
    assert problem.path == "sessions.keys[0]"


def test_an_empty_collector_is_none(tmp_path: Path) -> None:
    loaded = inspected(with_section("telemetry", {"otlp_endpoint": ""}), tmp_path)
    assert loaded.problems == ()
    assert loaded.gateway is not None
    assert loaded.gateway.telemetry.otlp_endpoint is None


def test_the_admin_address_may_be_public_with_a_warning(tmp_path: Path) -> None:
    value = right()
    value["service"]["admin"] = "0.0.0.0:9909"
    (problem,) = inspected(value, tmp_path).problems
    assert problem.severity == "warning"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://idp/keys", "keys fetched without TLS can be forged on the way"),
        ("https://user:pass@idp/keys", "the URL of a key set has no credentials"),
    ],
)
def test_key_sets_come_over_tls_and_without_credentials(
    url: str, said: str, tmp_path: Path
) -> None:
    jwt = [ISSUER | {"jwks_url": url}]
    (problem,) = inspected(with_section("identity", {"jwt": jwt}), tmp_path).problems
    assert (problem.severity, problem.message) == ("error", said)


def test_key_sets_of_this_machine_need_no_tls(tmp_path: Path) -> None:
    jwt = [ISSUER | {"jwks_url": "http://127.0.0.1:8080/keys"}]
    assert inspected(with_section("identity", {"jwt": jwt}), tmp_path).problems == ()
