"""Guardrails before pools of model servers: what is blocked asks for no endpoint."""

import json
from pathlib import Path

from tests.envoy.guardrail_stage import guardrail, words
from tests.envoy.pool_stage import EVERYTHING, client, pool_gateway
from tests.support.engines import engine

EDGE = guardrail(
    "edge",
    {"backend": "models"},
    ["request", "response"],
    detectors=[words("verboten"), {**words("moonraker", category="codename"), "action": "mask"}],
)


async def test_what_is_blocked_is_never_picked_for_and_waits_in_no_queue(tmp_path: Path) -> None:
    flow = {"max_waiting": 1}
    with (
        engine() as only,
        pool_gateway(tmp_path, [only], flow=flow, policies=[EVERYTHING, EDGE]) as gateway,
    ):
        async with client(gateway) as one:
            blocked = await one.chat("say verboten things", max_tokens=1)
            assert blocked.status == 400
            assert gateway.metric("gatehouse_pool_picks_total{") == 0
            assert gateway.metric("gatehouse_pool_waited_seconds_count{") == 0
            assert only.metrics()["vllm:request_success_total"] == 0
            passed = await one.chat("the moonraker flies", max_tokens=1)
            assert (passed.status, passed.engine) == (200, only.name)
            assert gateway.metric("gatehouse_pool_picks_total{") == 1
        record = gateway.wait_for_records(1, audit_id=passed.audit_id)[0]
    assert record["guardrails"]["masked"] == 1
    assert record["pick"]["pool"] == "models"
    assert "moonraker" not in json.dumps(record)
