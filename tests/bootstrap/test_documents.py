"""The folder of documents: policies, and how pools pick."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.documents import read_documents
from gateway.bootstrap.load import ConfigurationError, load
from tests.bootstrap.configured import write
from tests.support.gatehouse import allow

CONFIG = "apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n"
POOL = {"name": "chat", "endpoints": ["127.0.0.1:1"], "picker": "own"}
USE = allow("chat", "chat", models=["*"])
ROUTE = {"name": "chat", "path": "/v1", "protocol": "openai", "backend": "chat"}


def picker(name: str = "own", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "gatehouse.dev/v1",
        "kind": "EndpointPicker",
        "metadata": {"name": name},
        "spec": spec,
    }


def folder(path: Path, *documents: dict[str, Any]) -> Path:
    (path / "all.yaml").write_text("\n---\n".join(json.dumps(one) for one in documents))
    return path


def problems(path: Path, *documents: dict[str, Any]) -> str:
    return "\n".join(str(one) for one in read_documents(folder(path, *documents), {}).problems)


def test_policies_and_pickers_stand_in_one_folder(tmp_path: Path) -> None:
    found = read_documents(folder(tmp_path, allow(tools=["echo"]), picker(), picker("b")), {})
    assert [one.model.metadata.name for one in found.policies] == ["allow-all"]
    assert set(found.pickers) == {"own", "b"}
    assert not found.broken


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (picker(profile="costs"), "profile"),
        (picker(profile={"scorers": [{"type": "queue-score"}]}), 'did you mean "queue-scorer"?'),
        (picker(profile={"scorers": [{"type": "queue-scorer", "x": 1}]}), "has no parameter"),
        (picker(flow={"ttl": 0}), "ttl"),
        (picker(flow={"ttl": 60, "no_endpoint_ttl": 20}), "at most 73 s together"),
        (picker(disaggregation={"decider": "never"}), "decides by cost"),
        (picker(split={"other": 1}), 'there is no EndpointPicker "other"'),
        ({**picker(), "kind": "EndpointPickers"}, "use AccessPolicy, Guardrail, Provenance"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_with_its_place(
    tmp_path: Path, document: dict[str, Any], said: str
) -> None:
    told = problems(tmp_path, document)
    assert said in told
    assert "all.yaml:1:" in told


def test_a_picker_of_llm_d_is_one_like_our_own(tmp_path: Path) -> None:
    (tmp_path / "weighted.yaml").write_text(f"{CONFIG}plugins: [{{type: queue-scorer}}]\n")
    found = read_documents(folder(tmp_path, picker(split={"weighted": 1, "default": 1})), {})
    assert found.problems == ()
    assert set(found.pickers) == {"own", "weighted"}
    assert [one.name for one in found.foreign.pickers] == ["weighted"]


@pytest.mark.parametrize(
    ("file", "body", "said"),
    [
        (
            "Weighted_1.yaml",
            "",
            ':1:1: error: metadata.name: "Weighted_1" can name no picker: lower case letters',
        ),
        ("a.yaml", "plugins: [{}]\n", ':3:11: error: plugins[0].type: the key "type" is missing'),
        (
            "a.yaml",
            "plugins: [{type: queue-scorer, parameters: {x: 1}}]\n",
            'error: plugins[0].parameters.x: "queue-scorer" has no parameter "x"',
        ),
    ],
)
def test_what_is_wrong_with_a_picker_of_llm_d_is_told_with_its_place(
    tmp_path: Path, file: str, body: str, said: str
) -> None:
    (tmp_path / file).write_text(CONFIG + body)
    told = [str(one) for one in read_documents(tmp_path, {}).problems]
    assert len(told) == 1
    assert told[0].startswith(str(tmp_path / file))
    assert said in told[0]


def test_a_pool_that_names_a_broken_picker_is_not_told_that_there_is_none(tmp_path: Path) -> None:
    broken = [picker(profile="costs"), picker("b", split={"own": 1})]
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, USE, *broken, backends=[], pools=[POOL], routes=[ROUTE]), {})
    assert "spec.profile" in str(caught.value)
    assert "there is no EndpointPicker" not in str(caught.value)


def test_a_picker_of_llm_d_by_which_no_pool_picks_is_told(tmp_path: Path) -> None:
    shadowed = picker(shadow="shadowed")
    file = write(tmp_path, USE, shadowed, backends=[], pools=[POOL], routes=[ROUTE])
    for name in ("shadowed", "spare"):
        (tmp_path / "policies" / f"{name}.yaml").write_text(CONFIG)
    (tmp_path / "policies" / "broken.yaml").write_text(f"{CONFIG}plugins: 7\n")
    with pytest.raises(ConfigurationError) as caught:
        load(file, {})
    assert [Path(one.place.file).name for one in caught.value.problems] == [
        "broken.yaml",
        "spare.yaml",
    ]
    (tmp_path / "policies" / "broken.yaml").unlink()
    (warning,) = load(file, {}).warnings
    assert str(warning) == (
        f"{tmp_path}/policies/spare.yaml:2:7: warning: kind: no pool picks by this document "
        "(picker: spare in a pool of gateway.yaml)"
    )


def test_two_pickers_of_one_name_are_an_error(tmp_path: Path) -> None:
    assert 'EndpointPicker "own" already exists' in problems(tmp_path, picker(), picker())


def test_a_pool_names_a_picker_that_is_there(tmp_path: Path) -> None:
    def configured(*documents: dict[str, Any]) -> Path:
        return write(tmp_path, USE, *documents, backends=[], pools=[POOL], routes=[ROUTE])

    with pytest.raises(ConfigurationError, match='there is no EndpointPicker "own"'):
        load(configured(), {})
    with pytest.raises(ConfigurationError, match='did you mean "owns"'):
        load(configured(picker("owns")), {})
    found = load(configured(picker(flow={"ttl": 5})), {})
    assert found.pickers["own"].flow.ttl == 5


def test_a_change_of_a_picker_is_another_configuration(tmp_path: Path) -> None:
    def digest(**flow: float) -> str:
        pools = {"backends": [], "pools": [POOL], "routes": [ROUTE]}
        return load(write(tmp_path, USE, picker(flow=flow), **pools), {}).digest

    assert digest(ttl=5) != digest(ttl=6)


def test_a_foreign_picker_waits_as_long_as_envoy_does(tmp_path: Path) -> None:
    foreign = {
        "apiVersion": "llm-d.ai/v1alpha1",
        "kind": "EndpointPickerConfig",
        "metadata": {"name": "theirs"},
        "featureGates": ["flowControl"],
        "plugins": [{"type": "queue-scorer"}, {"type": "max-score-picker"}],
        "schedulingProfiles": [
            {
                "name": "default",
                "plugins": [{"pluginRef": "queue-scorer"}, {"pluginRef": "max-score-picker"}],
            }
        ],
        "flowControl": {"defaultRequestTTL": "60s", "noEndpointRequestTTL": "10m"},
    }
    found = read_documents(folder(tmp_path, foreign), {})
    assert not found.broken, found.problems
    assert any("Envoy waits no longer" in str(one) for one in found.problems)
    flow = found.pickers["theirs"].flow
    assert flow.ttl + flow.no_endpoint_ttl == pytest.approx(73)
