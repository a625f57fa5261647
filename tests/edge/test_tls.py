import ssl
from pathlib import Path

import pytest

from tests.edge.stage import Service, Upstream, echoing, gateway_of, running
from tests.support.certificates import Authority, Pair


@pytest.mark.parametrize(
    ("case", "status"),
    [
        (("tracker.example", False, False), 200),
        (("other.example", False, False), 503),
        (("tracker.example", True, False), 503),
        (("tracker.example", False, True), 503),
    ],
    ids=["right", "wrong name", "expired", "unknown authority"],
)
async def test_an_https_upstream_must_prove_its_name(
    case: tuple[str, bool, bool], status: int, service: Service, tmp_path: Path
) -> None:
    name, expired, stranger = case
    trusted = Authority(tmp_path)
    (tmp_path / "stranger").mkdir()
    signer = Authority(tmp_path / "stranger") if stranger else trusted
    pair = signer.server(name, expired=expired)
    async with echoing(Upstream(), server_context(pair)) as upstream:
        backend = {
            "name": "tracker",
            "endpoints": [upstream.address],
            "tls": {"server_name": "tracker.example", "ca": str(trusted.ca)},
            "auth": {"value": "Bearer secret"},
        }
        gateway = gateway_of(backends=[backend])
        async with running(gateway, [service.address], tmp_path / "run") as edge:
            answer = await edge.client.get("/mcp")
    assert answer.status_code == status
    assert upstream.hits == (1 if status == 200 else 0)


def server_context(pair: Pair) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    return context
