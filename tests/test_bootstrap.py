"""From files to a snapshot, through the message that workers get."""

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap import (
    ConfigurationError,
    Loaded,
    build_snapshot,
    folder_policies,
    load,
    snapshot_message,
)
from gateway.pipeline.snapshot import Snapshot
from tests.support.certificates import Authority
from tests.support.gatehouse import KEY, SEAL_KEY, allow, gateway_config, key_entry

NOBODY = {"tracker": ["http://127.0.0.1:1/mcp"]}
CREDENTIAL = "Bearer backend-credential"
ISSUER = "https://idp.example"
KEY_SET = '{"keys":[]}'


def write(folder: Path, *policies: dict[str, Any], **changes: Any) -> Path:
    (folder / "policies").mkdir(exist_ok=True)
    text = "\n---\n".join(json.dumps(one) for one in policies or (allow(tools=["echo"]),))
    (folder / "policies" / "policies.yaml").write_text(text)
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(gateway_config(NOBODY, folder) | changes))
    return file


def loaded(folder: Path, *policies: dict[str, Any], **changes: Any) -> Loaded:
    return load(write(folder, *policies, **changes), {})


def snapshot(*versions: Loaded) -> Snapshot:
    """What a worker makes of the first, while the others drain."""
    message = snapshot_message(versions[0], 7, {}, versions[1:])
    return build_snapshot(json.loads(json.dumps(message)), lambda _: None)


def backend(**changes: Any) -> list[dict[str, Any]]:
    return [{"name": "tracker", "endpoints": ["127.0.0.1:1"], **changes}]


def identity(**source: str) -> dict[str, Any]:
    """The identity part with an issuer of tokens, whose keys come from `source`, too."""
    issuer = {"issuer": ISSUER, "audiences": ["gateway"], **source}
    return {"keys": [key_entry("someone", KEY)], "jwt": [issuer]}


def test_a_worker_judges_by_what_the_supervisor_has_checked(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    made = snapshot(found)
    assert (made.number, made.digest) == (7, found.digest)
    assert list(made.routes) == ["mcp:tracker@tracker"]
    assert [rule.path for rule in made.policies.rules] == ["allow-all/allow"]


def test_routes_that_envoy_still_knows_stay_known_while_they_drain(tmp_path: Path) -> None:
    route = {"name": "tracker", "path": "/tracker", "protocol": "mcp", "backend": "other"}
    old = loaded(tmp_path)
    backends = [*backend(), {"name": "other", "endpoints": ["127.0.0.1:2"]}]
    new = loaded(tmp_path, backends=backends, routes=[route])
    made = snapshot(new, old)
    assert {name: stage.backend for name, stage in made.routes.items()} == {
        "mcp:tracker@tracker": "tracker",
        "mcp:tracker@other": "other",
    }
    assert list(snapshot(new).routes) == ["mcp:tracker@other"]


def test_the_digest_is_of_everything_but_secrets(tmp_path: Path) -> None:
    file = write(tmp_path, backends=backend(auth={"value": CREDENTIAL}))
    first = load(file, {})
    assert len(first.digest) == 12
    file.write_text(file.read_text().replace(CREDENTIAL, "Bearer another"))
    assert load(file, {}).digest == first.digest
    file.write_text(file.read_text().replace("/tracker", "/elsewhere"))
    assert load(file, {}).digest != first.digest


def test_secrets_are_in_the_message_and_in_nothing_that_is_printed(tmp_path: Path) -> None:
    found = loaded(tmp_path, backends=backend(auth={"value": CREDENTIAL}))
    message = json.dumps(snapshot_message(found, 1, {}))
    assert CREDENTIAL in message
    assert SEAL_KEY in message
    assert CREDENTIAL not in repr(found)
    assert SEAL_KEY not in repr(found)


def test_what_a_configuration_names_is_watched(tmp_path: Path) -> None:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    (tmp_path / "seal.key").write_text(key)
    tls = {"server_name": "tracker.test", "ca": str(Authority(tmp_path).ca)}
    found = loaded(tmp_path, sessions={"keys": ["file:seal.key"]}, backends=backend(tls=tls))
    assert {path.name for path in found.watched} == {
        "gateway.yaml",
        "seal.key",
        "policies",
        "ca.pem",
    }


def test_an_error_tells_what_to_watch_until_it_is_mended(tmp_path: Path) -> None:
    file = write(tmp_path, allow(tool=["echo"]))
    with pytest.raises(ConfigurationError) as told:
        load(file, {})
    assert set(told.value.watched) == {file, tmp_path / "policies"}
    assert 'unknown key "tool"' in str(told.value)


def test_what_is_missing_is_watched_until_it_is_there(tmp_path: Path) -> None:
    tls = {"server_name": "tracker.test", "ca": "ca.pem"}
    file = write(tmp_path, backends=backend(tls=tls), identity=identity(jwks_file="keys.json"))
    with pytest.raises(ConfigurationError) as told:
        load(file, {})
    names = ("policies", "ca.pem", "keys.json")
    assert set(told.value.watched) == {file, *(tmp_path / name for name in names)}
    file = write(tmp_path, sessions={"keys": ["file:seal.key"]})
    with pytest.raises(ConfigurationError, match=r"cannot read file:seal\.key") as told:
        load(file, {})
    assert set(told.value.watched) == {file, tmp_path / "seal.key"}


def test_what_a_policy_names_is_watched(tmp_path: Path) -> None:
    file = tmp_path / "policies" / ".." / "tool"
    rule = allow(tools=["file:../tool"])
    with pytest.raises(ConfigurationError, match=r"cannot read file:\.\./tool") as told:
        loaded(tmp_path, rule)
    assert file in told.value.watched
    file.write_text("echo")
    found = loaded(tmp_path, rule)
    assert found.sources[0].model.spec.rules[0].tools == ("echo",)
    assert file in found.watched


def test_a_key_set_that_is_there_is_no_reason_for_a_reload(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(KEY_SET)
    found = loaded(tmp_path, identity=identity(jwks_file="keys.json"))
    assert tmp_path / "keys.json" not in found.watched


def test_workers_get_key_sets_of_issuers_that_are_configured_and_of_no_others(
    tmp_path: Path,
) -> None:
    found = loaded(tmp_path, identity=identity(jwks_url=f"{ISSUER}/keys"))
    known = {"https://other.example": b"{}", ISSUER: KEY_SET.encode()}
    assert snapshot_message(found, 1, known)["key_sets"] == {ISSUER: KEY_SET}
    assert snapshot_message(found, 1, {})["key_sets"] == {}


def test_only_errors_are_in_the_text_of_an_error(tmp_path: Path) -> None:
    service = {"admin": "0.0.0.0:9909"}
    file = write(tmp_path, service=service, sessions={"keys": ["weak"]})
    with pytest.raises(ConfigurationError) as told:
        load(file, {})
    assert len(told.value.problems) == 2
    assert len(str(told.value).splitlines()) == 1


def test_a_made_up_key_lives_as_long_as_the_run_and_a_given_one_as_it_says(tmp_path: Path) -> None:
    def keys(found: Loaded) -> list[str]:
        return [key.get_secret_value() for key in found.gateway.sessions.keys]

    file = write(tmp_path, sessions={})
    first, second = load(file, {}, demo=True), load(file, {}, demo=True)
    assert keys(first) != keys(second)
    assert keys(second.with_key_of(first)) == keys(first)
    given = load(write(tmp_path), {}, demo=True)
    assert keys(given.with_key_of(first)) == [SEAL_KEY]


def test_policies_of_a_folder_alone_are_for_whatever_they_name(tmp_path: Path) -> None:
    write(tmp_path, allow("one", "anything"))
    policies = folder_policies(tmp_path / "policies", os.environ)
    assert [rule.path for rule in policies.rules] == ["one/allow"]


def test_an_unknown_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown kind Quota \(use AccessPolicy\)"):
        loaded(tmp_path, {**allow(), "kind": "Quota"})
