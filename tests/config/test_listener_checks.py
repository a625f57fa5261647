from pathlib import Path
from typing import Any

import pytest

from tests.config.case import complaints, right
from tests.support.certificates import Authority


def with_identity(**identity: Any) -> dict[str, Any]:
    value = right()
    value["listeners"][0]["identity"] = identity
    return value


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (with_identity(accept=["anonymous", "spiffe"]), "spiffe is accepted, but it cannot"),
        (with_identity(accept=["anonymous", "jwt"]), "jwt is accepted, but it cannot"),
        (with_identity(accept=["anonymous", "key"]), "key is accepted, but it cannot"),
        (with_identity(accept=["anonymous", "metadata"]), "metadata is accepted, but it cannot"),
        (with_identity(accept=["anonymous", "xfcc"]), "xfcc is accepted, but it cannot"),
        (with_identity(accept=["xfcc"]), "nobody can be identified"),
        (with_identity(), "nobody can be identified"),
        (with_identity(accept=[]), "nobody can be identified"),
        (
            with_identity(accept=["anonymous"], xfcc_from=["spiffe://td/hop"]),
            "hops are named, but xfcc is not accepted",
        ),
        (with_identity(accept=["anonymous"], xfcc_from=["hop"]), '"hop" is not a SPIFFE id'),
    ],
)
def test_an_identity_that_cannot_be_proved_is_an_error(
    value: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    found = complaints(value, tmp_path)
    assert any(complaint in problem and problem.startswith("error") for problem in found), found


def test_identities_that_can_be_proved_are_right(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.server("127.0.0.1")
    value = with_identity(accept=["spiffe", "xfcc", "key"], xfcc_from=["spiffe://td/hop"])
    value["identity"] = {"keys": [{"name": "ci", "sha256": "0" * 64}]}
    value["listeners"][0]["tls"] = {
        "certificate": str(pair.certificate),
        "key": str(pair.key),
        "client_ca": "ca.pem",
    }
    assert complaints(value, tmp_path) == []


def test_the_default_identities_need_only_one_that_can_be_proved(tmp_path: Path) -> None:
    value = with_identity()
    value["identity"] = {"keys": [{"name": "ci", "sha256": "0" * 64}]}
    assert complaints(value, tmp_path) == []


def test_files_of_tls_must_be_readable(tmp_path: Path) -> None:
    value = right()
    value["listeners"][0]["tls"] = {"certificate": "absent.pem", "key": "absent.key"}
    assert complaints(value, tmp_path) == [
        'error listeners[0].tls.certificate: cannot read "absent.pem": No such file or directory',
        'error listeners[0].tls.key: cannot read "absent.key": No such file or directory',
    ]


@pytest.mark.parametrize(
    ("address", "port", "complaint"),
    [
        ("localhost", 9000, "is not an IP address"),
        ("127.0.0.1", 8080, "already taken by listener main"),
        ("0.0.0.0", 8080, "already taken by listener main"),
        ("0.0.0.0", 9909, "already taken by service.admin"),
        ("127.0.0.1", 9901, "already taken by service.envoy_admin"),
    ],
)
def test_an_address_is_an_ip_and_taken_once(
    address: str, port: int, complaint: str, tmp_path: Path
) -> None:
    value = right()
    listener = value["listeners"][0] | {"name": "other", "address": address, "port": port}
    value["listeners"].append(listener)
    (problem,) = complaints(value, tmp_path)
    assert complaint in problem


def test_listener_names_are_unique(tmp_path: Path) -> None:
    value = right()
    value["listeners"].append(value["listeners"][0] | {"port": 8081})
    assert complaints(value, tmp_path) == [
        'error listeners[1].name: listener "main" already exists'
    ]
