from pathlib import Path

import pytest

from tests.edge.stage import Service, Upstream, gateway_of, running

CALL = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@pytest.mark.parametrize(("permits", "status", "hits"), [(True, 200, 1), (False, 403, 0)])
async def test_only_a_request_with_a_verdict_reaches_the_upstream(
    permits: bool, status: int, hits: int, service: Service, upstream: Upstream, tmp_path: Path
) -> None:
    service.permits = permits
    gateway = gateway_of(endpoints=[upstream.address])
    async with running(gateway, [service.address], tmp_path) as edge:
        answer = await edge.client.post("/mcp", json=CALL)
    assert answer.status_code == status
    assert answer.is_success or answer.headers["content-type"] == "application/json"
    assert upstream.hits == hits
