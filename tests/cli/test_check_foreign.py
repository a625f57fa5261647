"""`gatehouse check` on documents of the Gateway API Inference Extension and llm-d as they are."""

import json
from pathlib import Path
from typing import Any

from typer.testing import Result

from tests.cli.command import gatehouse, write_gateway
from tests.support.gatehouse import allow

CONFIG = """\
# as published
apiVersion: llm-d.ai/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: queue-scorer
- name: warm
  type: prefix-cache-scorer
  parameters: {lruCapacityPerServer: 31250}
- type: latency-scorer
- type: made-up-filter
schedulingProfiles:
- name: default
  plugins:
  - {pluginRef: queue-scorer}
  - {pluginRef: warm, weight: 3}
  - {pluginRef: latency-scorer}
"""
CLUSTER = """\
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: chat}
spec:
  selector: {matchLabels: {app: vllm}}
  targetPorts: [{number: 8000}]
  endpointPickerRef: {name: epp, failureMode: FailClose}
---
apiVersion: llm-d.ai/v1alpha2
kind: InferenceObjective
metadata: {name: batch}
spec: {poolRef: {name: chats}, priority: -1}
"""


def check(folder: Path, *options: str, **documents: str) -> Result:
    pool: dict[str, Any] = {"name": "chat", "endpoints": ["127.0.0.1:8000"], "picker": "weighted"}
    route = {"name": "chat", "path": "/v1", "protocol": "openai", "backend": "chat"}
    policy = allow("chat", "chat", models=["*"])
    file = write_gateway(folder, policy, backends=[], pools=[pool], routes=[route])
    for name, text in documents.items():
        (folder / "policies" / f"{name}.yaml").write_text(text)
    return gatehouse("check", "-c", file, *options)


def test_each_plugin_of_llm_d_is_exact_approximate_or_unsupported(tmp_path: Path) -> None:
    result = check(tmp_path, weighted=CONFIG)
    assert result.exit_code == 0, result.output
    *plugins, summary = result.stdout.splitlines()
    told = [line.removeprefix(f"{tmp_path}/policies/weighted.yaml:") for line in plugins]
    assert [line.split(": ")[:3] for line in told] == [
        ["5:3", "exact", "queue-scorer"],
        ["6:3", "approximate", "warm (prefix-cache-scorer)"],
        ["9:3", "unsupported", "latency-scorer"],
        ["10:3", "unsupported", "made-up-filter"],
    ]
    assert "The prefix index sizes itself" in told[1]
    assert "1 pool, 1 picker, 1 policy" in summary


def test_what_is_unsupported_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    result = check(tmp_path, weighted=CONFIG)
    assert result.exit_code == 0
    first, second = result.stderr.splitlines()
    start = f"{tmp_path}/policies/weighted.yaml:9:3: warning: plugins[2]: "
    assert first.startswith(f'{start}"latency-scorer" is left out: Plugins are told no predicted')
    assert '"made-up-filter" is left out: This gateway does not know it.' in second


def test_json_has_the_plugins_for_machines(tmp_path: Path) -> None:
    plugins = json.loads(check(tmp_path, "--json", weighted=CONFIG).stdout)["plugins"]
    assert [one["level"] for one in plugins] == [
        "exact",
        "approximate",
        "unsupported",
        "unsupported",
    ]
    says = plugins[1].pop("says")
    assert says.startswith("By the gateway's own prefix index")
    assert plugins[1] == {
        "picker": "weighted",
        "plugin": "warm",
        "type": "prefix-cache-scorer",
        "level": "approximate",
        "file": f"{tmp_path}/policies/weighted.yaml",
        "line": 6,
        "column": 3,
        "path": "plugins[1]",
    }
    broken = check(tmp_path, "--json", weighted=CONFIG.replace("queue-scorer}", "queue}"))
    assert json.loads(broken.stdout)["plugins"] == []


def test_a_wrong_document_of_llm_d_is_an_error_with_its_place(tmp_path: Path) -> None:
    result = check(tmp_path, weighted=CONFIG.replace("weight: 3", "wieght: 3"))
    assert result.exit_code == 1
    path = "schedulingProfiles[0].plugins[1].wieght"
    where = f"{tmp_path}/policies/weighted.yaml:15:23: error: {path}: "
    assert f'{where}unknown key "wieght" (did you mean "weight"?)\n' in result.stderr
    assert result.stderr.endswith("\n1 error\n")


def test_objects_of_a_cluster_are_read_and_what_has_no_effect_is_told(tmp_path: Path) -> None:
    result = check(tmp_path, weighted=CONFIG, cluster=CLUSTER)
    assert result.exit_code == 0, result.output
    file = f"{tmp_path}/policies/cluster.yaml"
    assert f"{file}:5:13: warning: spec.selector: no effect here" in result.stderr
    wanted = 'spec.poolRef.name: no effect: gateway.yaml has no pool "chats" (did you mean "chat"?)'
    assert f"{file}:12:24: warning: {wanted}" in result.stderr


def test_a_pool_that_fails_open_is_refused(tmp_path: Path) -> None:
    result = check(tmp_path, weighted=CONFIG, cluster=CLUSTER.replace("FailClose", "FailOpen"))
    assert result.exit_code == 1
    assert "requests that nobody judged would pass; Gatehouse fails closed" in result.stderr


def test_a_rewrite_that_gives_nobody_anything_is_an_error(tmp_path: Path) -> None:
    nothing = [{"model": "a", "targets": [{"model": "b", "weight": 0}, {"model": "c"}]}]
    pool = {"name": "chat", "endpoints": ["127.0.0.1:8000"], "rewrites": nothing}
    route = {"name": "chat", "path": "/v1", "protocol": "openai", "backend": "chat"}
    file = write_gateway(tmp_path, backends=[], pools=[pool], routes=[route])
    result = gatehouse("check", "-c", file)
    assert result.exit_code == 1
    said = "error: pools[0].rewrites[0].targets: no target gets anything: every weight is 0"
    assert said in result.stderr
