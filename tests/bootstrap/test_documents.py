"""The folder of documents: policies, and how pools pick."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.bootstrap.documents import read_documents
from gateway.bootstrap.load import ConfigurationError, load
from tests.bootstrap.configured import write
from tests.support.gatehouse import allow

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
        (picker(split={"other": 1}), 'there is no EndpointPicker "other"'),
        ({**picker(), "kind": "EndpointPickers"}, "use AccessPolicy or EndpointPicker"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_with_its_place(
    tmp_path: Path, document: dict[str, Any], said: str
) -> None:
    told = problems(tmp_path, document)
    assert said in told
    assert "all.yaml:1:" in told


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
