"""Every YAML block of docs/pools.md that is ours is accepted as it is written."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.bootstrap.load import Loaded, load
from gateway.bootstrap.snapshot import build_snapshot, snapshot_message
from gateway.config.member_file import read_members
from gateway.picker.affinity import SESSIONS
from gateway.picker.affinity import TTL as SESSION_TTL
from gateway.picker.index import MAX_BLOCKS, MAX_RUNS
from gateway.picker.plan import plan_of
from gateway.pipeline.pool import BLOCK_BYTES
from tests.support.gatehouse import KEY, SEAL_KEY, allow, key_entry
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "pools.md").read_text()
GUIDE = PAGE.partition("\n## Documents of the Gateway API")[0]
BLOCKS = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
ENVIRONMENT = {"SEAL_KEY": SEAL_KEY} | {
    name: f"{number:064x}"
    for number, name in enumerate(re.findall(r"\$\{(\w+_SHA256)\}", GUIDE), start=1)
}
WHOLE = {
    "apiVersion": "gatehouse.dev/v1",
    "listeners": [{"name": "main", "port": 8080, "identity": {"accept": ["key"]}}],
    "routes": [{"name": "chat", "path": "/v1", "protocol": "openai", "backend": "models"}],
    "pools": [{"name": "models", "endpoints": ["10.0.0.7:8000"], "models": ["llama-8b"]}],
    "identity": {"keys": [key_entry("tester", KEY)]},
    "sessions": {"keys": [SEAL_KEY]},
}


def kind_of(block: str) -> str:
    first = next(iter(yaml.safe_load_all(block)))
    return "members" if isinstance(first, list) else str(first.get("kind", "Gateway"))


def of_kind(kind: str) -> list[str]:
    return [block for block in BLOCKS if kind_of(block) == kind]


def loaded(folder: Path, block: str, *documents: str) -> Loaded:
    """A gateway.yaml of `block`, made whole where it is a part, with these documents."""
    given: dict[str, Any] = yaml.safe_load(block)
    text = block if "listeners" in given else json.dumps(WHOLE | given)
    (folder / "gateway.yaml").write_text(text)
    (folder / "servers.yaml").write_text(of_kind("members")[0])
    (folder / "seal.key").write_text(SEAL_KEY)
    policies = folder / "policies"
    policies.mkdir()
    for number, document in enumerate(documents):
        (policies / f"{number}.yaml").write_text(document)
    return load(folder / "gateway.yaml", ENVIRONMENT)


def recipe(block: str) -> list[str]:
    """The documents that a block says that it is with."""
    named = re.match(r"# with (\S+)", block)
    return [(ROOT / named[1]).read_text()] if named else []


@pytest.mark.parametrize("block", of_kind("Gateway"))
def test_a_configuration_is_accepted_without_a_warning(tmp_path: Path, block: str) -> None:
    pools = (WHOLE | yaml.safe_load(block))["pools"]
    documents = recipe(block) or [
        json.dumps(allow(name, name, models=["*"])) for name in (one["name"] for one in pools)
    ]
    found = loaded(tmp_path, block, *documents)
    assert found.warnings == ()
    build_snapshot(snapshot_message(found, 1, {}), lambda _: None)


def test_the_list_of_members_is_one(tmp_path: Path) -> None:
    (block,) = of_kind("members")
    (tmp_path / "servers.yaml").write_text(block)
    members, problems = read_members(tmp_path / "servers.yaml")
    assert (len(members), problems) == (2, ())


def test_the_documents_of_pickers_are_accepted_together(tmp_path: Path) -> None:
    access = json.dumps(allow("use", "models", models=["*"]))
    found = loaded(tmp_path, json.dumps(WHOLE), access, *of_kind("EndpointPicker"))
    assert set(found.pickers) == {"default", "weighted", "half-and-half", "careful", "bands"}
    assert found.warnings == ()


def test_the_document_called_default_says_what_holds_without_one(tmp_path: Path) -> None:
    shown = next(block for block in of_kind("EndpointPicker") if "name: default" in block)
    found = loaded(tmp_path, json.dumps(WHOLE), shown)
    assert found.pickers["default"] == plan_of("default", {}).spec


@pytest.mark.parametrize(
    ("salt", "decision"),
    [({"cache_salt": "ann"}, "allow"), ({"cache_salt": "bob"}, "deny"), ({}, "deny")],
)
def test_the_rule_on_salts_lets_everybody_use_their_own(
    tmp_path: Path, salt: dict[str, str], decision: str
) -> None:
    (policy,) = of_kind("AccessPolicy")
    case: dict[str, object] = {
        "name": "asks",
        "principal": "ann",
        "request": {
            "path": "/v1/chat/completions",
            "headers": {"content-type": "application/json"},
            "body": {"model": "m", "messages": [{"role": "user", "content": "Hello"}], **salt},
        },
        "want": {"decision": decision},
    }
    principals = {"ann": {"id": "key:ann"}}
    route = {"backend": "models", "protocol": "openai", "path": "/v1"}
    spec = {**route, "principals": principals, "cases": [case]}
    suite = {"apiVersion": "gatehouse.dev/v1", "kind": "PolicySuite"}
    (tmp_path / "own-caches.yaml").write_text(policy)
    (tmp_path / "own-caches_test.yaml").write_text(
        json.dumps({**suite, "metadata": {"name": "own-caches"}, "spec": spec})
    )
    command = [sys.executable, "-m", "gateway", "test", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("1 passed")


def test_every_recipe_is_on_the_page_and_named_as_the_picker_of_its_pool() -> None:
    shown: dict[str, str] = {}
    for block in of_kind("Gateway"):
        if named := re.match(r"# with (\S+)", block):
            shown[named[1]] = yaml.safe_load(block)["pools"][0]["picker"]
    files = (ROOT / "policies" / "recipes").glob("*.yaml")
    wanted = [file for file in files if not file.name.endswith("_test.yaml")]
    assert shown == {f"policies/recipes/{one.name}": one.stem for one in wanted}


def test_the_limits_on_the_page_are_those_of_the_code() -> None:
    assert f"{MAX_BLOCKS:,} blocks in {MAX_RUNS:,} runs" in GUIDE
    assert f"{SESSIONS:,}, for {SESSION_TTL:g} s" in GUIDE
    assert f"one for each {BLOCK_BYTES:,} bytes" in GUIDE


def test_the_links_lead_somewhere() -> None:
    links = set(re.findall(r"\]\(([^)#:]+)\)", GUIDE))
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
