"""Whatever the gateway lets through, every parser reads the same call in what is forwarded."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.model.call import Deframed, Kind
from gateway.model.head import Headers, RequestHead
from gateway.protocols.mcp import Mcp
from tests.cases.hazard import Row
from tests.cases.hazards import ROWS
from tests.fuzz.bodies import Sent, requests
from tests.fuzz.readers import (
    NodeReader,
    Reading,
    first_key_reads,
    go_reads,
    node_reader,
    python_reads,
)

LIMIT = 100_000
DEFRAMER = Mcp(batches=False, origins=frozenset(), body_limit=LIMIT)


@pytest.fixture(scope="module")
def node() -> Iterator[NodeReader]:
    with node_reader() as reader:
        yield reader


def passed(sent: Sent) -> tuple[Deframed, bytes] | None:
    """What policy sees and what the backend gets, unless the request is refused."""
    message = DEFRAMER.open(RequestHead("POST", "/mcp", headers=Headers(sent.lines))).deframe(
        sent.body
    )
    if not isinstance(message, Deframed):
        return None
    return message, sent.body if message.body is None else message.body


def seen(message: Deframed) -> Reading:
    """What policy saw, in a reader's terms."""
    (call,) = message.calls
    if call.kind is Kind.ANSWER:
        return Reading(None, None, None)
    ident = str(call.id) if isinstance(call.id, int) else call.id
    return Reading(call.method, call.target, ident)


def same(reading: Reading | None, wanted: Reading) -> bool:
    if reading is None or reading.method != wanted.method:
        return False
    if wanted.method is None:
        return True
    ident = str(int(reading.id)) if _is_digits(wanted.id) else reading.id
    return ident == wanted.id and (wanted.target is None or reading.target == wanted.target)


def _is_digits(ident: object) -> bool:
    return isinstance(ident, str) and ident.removeprefix("-").isdigit()


def check_agreement(node: NodeReader, sent: list[Sent]) -> int:
    """Checks all that pass; returns how many do."""
    going = [found for one in sent if (found := passed(one)) is not None]
    of_node = node.read([body for _, body in going])
    for (message, body), by_node in zip(going, of_node, strict=True):
        wanted = seen(message)
        assert same(python_reads(body), wanted), body
        assert same(first_key_reads(body), wanted), body
        assert same(by_node, wanted), body
        assert same(go_reads(body), wanted), body
        assert same(go_reads(body, drops_nul=True), wanted), body
    return len(going)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 2**32))
def test_what_is_forwarded_reads_the_same_to_every_parser(node: NodeReader, seed: int) -> None:
    check_agreement(node, requests(seed, 200))


def test_a_good_part_of_what_is_generated_passes(node: NodeReader) -> None:
    assert check_agreement(node, requests(1, 1_000)) > 150


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in ROWS if "legacy" in row.eras]
)
def test_what_passes_of_the_table_reads_the_same_to_every_parser(
    node: NodeReader, row: Row
) -> None:
    check_agreement(node, [Sent(row.body("legacy"), tuple(row.headers("legacy", ())))])


@pytest.mark.parametrize(
    "body",
    [
        b'{"method":"ping","method":"tools/call"}',
        b'{"method":"ping","METHOD":"tools/call"}',
        b'{"method":"ping","method\\u0000":"tools/call"}',
        '{"method":"tools/call","params":{"name":"a"},"param\u017f":{"name":"b"}}'.encode(),
        '{"method":"ping"}'.encode("utf-16"),
        b'{"method":"tools/call","params":{"name":"\xff"}}',
        b'{"method":"ping","x":NaN}',
        b'\xef\xbb\xbf{"method":"ping"}',
    ],
)
def test_the_parsers_do_differ_where_the_gateway_refuses(node: NodeReader, body: bytes) -> None:
    (by_node,) = node.read([body])
    readings = {by_node, python_reads(body), first_key_reads(body)}
    readings |= {go_reads(body), go_reads(body, drops_nul=True)}
    assert len(readings) > 1
    assert passed(Sent(body)) is None
