"""What docs/provenance.md says is what the code does, and its documents are accepted."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from gateway.pipeline.memory_taints import MOST
from gateway.policy.provenance_schema import ProvenanceRule, ProvenanceSpec
from tests.cli.command import gatehouse, write_gateway
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "provenance.md").read_text()
DOCUMENTS, CASE, RULE = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_the_documents_do_what_the_case_beside_them_wants(tmp_path: Path) -> None:
    (tmp_path / "provenance.yaml").write_text(DOCUMENTS)
    spec: dict[str, Any] = {"backend": "tracker", "cases": yaml.safe_load(CASE)}
    suite = {"apiVersion": "gatehouse.dev/v1", "kind": "PolicySuite", "spec": spec}
    untainted: dict[str, Any] = {"name": "clean", "taints": [], "want": {"decision": "allow"}}
    spec["cases"].append({**spec["cases"][0], **untainted})
    suite["metadata"] = {"name": "writers"}
    (tmp_path / "provenance_test.yaml").write_text(json.dumps(suite))
    done = gatehouse("test", str(tmp_path))
    assert done.stdout.startswith("2 passed"), done.output


def test_a_gateway_accepts_them_and_wants_a_shared_state_for_several_workers(
    tmp_path: Path,
) -> None:
    documents = list(yaml.safe_load_all(DOCUMENTS))
    rule = {"targets": [{"backend": "tracker"}], "rules": yaml.safe_load(RULE)}
    models = {**documents[1], "metadata": {"name": "models"}, "spec": rule}
    file = write_gateway(tmp_path, *documents)
    assert gatehouse("check", "-c", file).exit_code == 0
    file = write_gateway(tmp_path, *documents, service={"workers": 2})
    refused = gatehouse("check", "-c", file)
    assert refused.exit_code != 0
    assert "several workers" in refused.output
    (tmp_path / "models.yaml").write_text(yaml.safe_dump_all([*documents, models]))
    suite = {"backend": "tracker", "principals": {"a": {"id": "key:a"}}, "cases": [_hosted()]}
    head = {"apiVersion": "gatehouse.dev/v1", "kind": "PolicySuite", "metadata": {"name": "m"}}
    (tmp_path / "models_test.yaml").write_text(json.dumps({**head, "spec": suite}))
    for one in ("gateway.yaml", "policies/policies.yaml"):
        (tmp_path / one).unlink()
    done = gatehouse("test", str(tmp_path))
    assert done.stdout.startswith("1 passed"), done.output


def _hosted() -> dict[str, Any]:
    call = {"method": "responses", "model": "m", "attributes": {"mcp_labels": ["crm"]}}
    want = {"decision": "deny", "rule": "models/no-hosted-tools-with-strangers"}
    return {"name": "c", "principal": "a", "taints": ["strangers"], "call": call, "want": want}


def test_every_field_of_a_rule_and_every_default_is_on_the_page() -> None:
    fields = ProvenanceRule.model_fields.keys() - {"name"}
    assert [name for name in fields if f"| `{name}` |" not in PAGE] == []
    assert f"`{ProvenanceSpec.model_fields['scope'].default}` (the default)" in PAGE
    assert f"at most {MOST:,} conversations" in PAGE


def test_the_links_lead_somewhere() -> None:
    links = set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", PAGE))
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
