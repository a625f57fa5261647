"""From files to a configuration that passed every check."""

import base64
import os
import secrets
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.load import ConfigurationError, Loaded, folder_policies, load
from gateway.config.endpoint_picker import PluginProfile
from tests.bootstrap.configured import backend, loaded, snapshot, write
from tests.support.certificates import Authority
from tests.support.gatehouse import KEY, SEAL_KEY, allow, key_entry

CREDENTIAL = "Bearer backend-credential"
ISSUER = "https://idp.example"
KEY_SET = '{"keys":[]}'


def identity(**source: str) -> dict[str, Any]:
    """The identity part with an issuer of tokens, whose keys come from `source`, too."""
    issuer = {"issuer": ISSUER, "audiences": ["gateway"], **source}
    return {"keys": [key_entry("someone", KEY)], "jwt": [issuer]}


def test_the_digest_is_of_everything_but_secrets(tmp_path: Path) -> None:
    file = write(tmp_path, backends=backend(auth={"value": CREDENTIAL}))
    first = load(file, {})
    assert len(first.digest) == 12
    file.write_text(file.read_text().replace(CREDENTIAL, "Bearer another"))
    assert load(file, {}).digest == first.digest
    file.write_text(file.read_text().replace("/tracker", "/elsewhere"))
    assert load(file, {}).digest != first.digest


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
    with pytest.raises(
        ConfigurationError,
        match=r"unknown kind Quota \(use AccessPolicy, Guardrail, ",
    ):
        loaded(tmp_path, {**allow(), "kind": "Quota"})


def provenance(backend: str = "tracker") -> dict[str, Any]:
    """A document by which every result of a backend taints."""
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Provenance",
        "metadata": {"name": "web"},
        "spec": {"targets": [{"backend": backend}], "rules": [{"name": "all"}]},
    }


def test_one_worker_remembers_taints_in_memory_and_several_do_not(tmp_path: Path) -> None:
    file = write(tmp_path, allow(), provenance())
    assert [one.model.metadata.name for one in load(file, {}).provenance] == ["web"]
    with pytest.raises(ConfigurationError, match="only where state is a URL"):
        load(file, {}, workers=2)


def test_a_provenance_document_names_backends_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no backend trackr"):
        loaded(tmp_path, allow(), provenance("trackr"))


def test_a_guardrail_names_providers_that_are_there(tmp_path: Path) -> None:
    guardrail = {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "Guardrail",
        "metadata": {"name": "edge"},
        "spec": {
            "targets": [{"backend": "tracker"}],
            "stages": ["tool_call"],
            "providers": [{"name": "armour"}],
        },
    }
    with pytest.raises(ConfigurationError, match="there is no guardrail provider armour"):
        loaded(tmp_path, allow(), guardrail)


FOREIGN = """\
apiVersion: llm-d.ai/v1alpha2
kind: InferenceObjective
metadata: {name: batch}
spec: {poolRef: {name: chat}, priority: -1}
---
apiVersion: llm-d.ai/v1alpha2
kind: InferenceModelRewrite
metadata: {name: canary}
spec:
  poolRef: {name: chat}
  rules:
  - matches: [{model: {value: llama}}]
    targets: [{modelRewrite: small, weight: 9}, {modelRewrite: large, weight: 1}]
"""
WEIGHTED = """\
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
featureGates: [flowControl]
plugins: [{type: queue-scorer}, {type: prefill-filter}, {type: decode-filter}]
schedulingProfiles:
- {name: default, plugins: [{pluginRef: queue-scorer, weight: 2}, {pluginRef: decode-filter}]}
flowControl: {maxRequests: 7, priorityBands: [{priority: 100, maxBytes: 2Gi}]}
"""


def test_a_worker_gets_what_foreign_documents_say_of_a_pool(tmp_path: Path) -> None:
    pool = {"name": "chat", "endpoints": ["127.0.0.1:1"], "models": ["small", "large"]}
    route = {"name": "chat", "path": "/v1", "protocol": "openai", "backend": "chat"}
    use = allow("chat", "chat", models=["*"])
    parts = {"backends": [], "pools": [pool | {"picker": "weighted"}], "routes": [route]}
    file = write(tmp_path, use, **parts)
    (tmp_path / "policies" / "weighted.yaml").write_text(WEIGHTED)
    before = load(file, {})
    (tmp_path / "policies" / "foreign.yaml").write_text(FOREIGN)
    found = load(file, {})
    assert found.digest != before.digest
    worker = snapshot(found)
    (stage,) = next(iter(worker.routes.values())).pools
    assert stage.objectives == {"batch": -1}
    (rule,) = stage.rewrites
    assert rule.model == "llama"
    assert [(one.model, one.weight) for one in rule.targets] == [("small", 9), ("large", 1)]
    assert stage.models == ("small", "large", "llama")
    plan = worker.pickers["chat"]
    assert (plan.name, plan.spec) == ("weighted", found.pickers["weighted"])
    assert plan.rules().max_requests == 7
    assert plan.rules().bands[100].max_bytes == 2 * 1024**3
    assert isinstance(plan.spec.profile, PluginProfile)
    assert [(one.type, one.weight) for one in plan.spec.profile.scorers] == [("queue-scorer", 2.0)]


def test_a_broken_file_of_members_is_watched_until_it_is_mended(tmp_path: Path) -> None:
    members = tmp_path / "members.yaml"
    members.write_text("- addres: 127.0.0.1:1")
    pools = [{"name": "chat", "file": "members.yaml"}]
    routes = [{"name": "chat", "path": "/v1", "protocol": "openai", "backend": "chat"}]
    use = allow("use", "chat", models=["*"])
    file = write(tmp_path, use, backends=[], pools=pools, routes=routes)
    with pytest.raises(ConfigurationError, match="addres") as told:
        load(file, {})
    assert members in told.value.watched
    members.write_text("- address: 127.0.0.1:1")
    assert members not in load(file, {}).watched
