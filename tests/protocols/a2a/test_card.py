import json
from typing import Any

import pytest
from a2a.client.card_resolver import parse_agent_card

from gateway.protocols.a2a.card import rewritten
from gateway.protocols.a2a.members import WrongError
from tests.protocols.a2a.clients import LIMIT

URL = "https://gateway.example/agents/triage"
AUTHORITY = "gateway.example"
INNER = "http://10.0.0.7:9999/a2a"

CARD_10: dict[str, Any] = {
    "name": "triage",
    "provider": {"url": "https://provider.example"},
    "documentationUrl": "https://docs.example",
    "supportedInterfaces": [
        {"url": INNER, "protocolBinding": "JSONRPC", "protocolVersion": "1.0"},
        {"url": f"{INNER}/rest", "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0"},
        {"url": "10.0.0.7:50051", "protocolBinding": "GRPC", "protocolVersion": "1.0"},
    ],
    "signatures": [{"protected": "e30", "signature": "c2ln"}],
}
CARD_03: dict[str, Any] = {
    "name": "triage",
    "url": INNER,
    "preferredTransport": "JSONRPC",
    "additionalInterfaces": [
        {"url": INNER, "transport": "JSONRPC"},
        {"url": "10.0.0.7:50051", "transport": "GRPC"},
    ],
}


def rewrite(body: bytes, *, enveloped: bool = False, limit: int = LIMIT) -> bytes:
    return rewritten(body, limit, URL, AUTHORITY, enveloped=enveloped)


def of(card: Any) -> Any:
    return json.loads(rewrite(json.dumps(card).encode()))


def test_every_interface_of_a_card_is_the_gateway() -> None:
    card = of(CARD_10)
    assert [one["url"] for one in card["supportedInterfaces"]] == [URL, URL, AUTHORITY]
    assert card["signatures"] == []
    assert "10.0.0.7" not in json.dumps(card)
    changed = {"supportedInterfaces", "signatures"}
    assert {key: card[key] for key in CARD_10.keys() - changed} == {
        key: CARD_10[key] for key in CARD_10.keys() - changed
    }


def test_every_interface_of_an_old_card_is_the_gateway() -> None:
    card = of(CARD_03)
    assert card["url"] == URL
    assert [one["url"] for one in card["additionalInterfaces"]] == [URL, AUTHORITY]
    assert of({"url": INNER, "preferredTransport": "GRPC"})["url"] == AUTHORITY


@pytest.mark.parametrize("card", [CARD_10, CARD_03, {**CARD_10, **CARD_03}])
def test_the_official_client_reads_no_other_url(card: dict[str, Any]) -> None:
    urls = {one.url for one in parse_agent_card(of(card)).supported_interfaces}
    assert urls == {URL, AUTHORITY}


def test_everything_else_stays_byte_for_byte() -> None:
    body = b'{ "x" : 1.00, "url":"http://a" , "y":1e400, "z":"\\u00e9" }'
    expected = b'{ "x" : 1.00, "url":"' + URL.encode() + b'" , "y":1e400, "z":"\\u00e9" }'
    assert rewrite(body) == expected


def test_the_card_of_a_json_rpc_answer_is_its_result() -> None:
    answer = {"jsonrpc": "2.0", "id": 2**60, "result": CARD_10}
    found = json.loads(rewrite(json.dumps(answer).encode(), enveloped=True))
    assert found == {**answer, "result": of(CARD_10)}


def test_an_error_stays_as_it_is() -> None:
    body = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32007,"message":"none"}}'
    assert rewrite(body, enveloped=True) == body


@pytest.mark.parametrize(
    "card",
    [
        [],
        "card",
        {"supported_interfaces": [{"url": INNER}]},
        {"SupportedInterfaces": [{"url": INNER}]},
        {"URL": INNER},
        {"additional_interfaces": []},
        {"supportedInterfaces": {"url": INNER}},
        {"supportedInterfaces": [INNER]},
        {"supportedInterfaces": [{"Url": INNER}]},
    ],
)
def test_a_card_that_clients_could_read_differently_does_not_pass(card: Any) -> None:
    with pytest.raises(WrongError):
        of(card)


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"url":"a","url":"b"}', b'\xff{"url":"a"}'])
def test_what_is_not_one_document_does_not_pass(body: bytes) -> None:
    with pytest.raises(WrongError):
        rewrite(body)


def test_a_card_over_the_limit_does_not_pass() -> None:
    with pytest.raises(WrongError):
        rewrite(json.dumps(CARD_10).encode(), limit=100)


def test_a_result_must_be_a_card() -> None:
    with pytest.raises(WrongError):
        rewrite(b'{"jsonrpc":"2.0","id":1,"result":"http://10.0.0.7"}', enveloped=True)
