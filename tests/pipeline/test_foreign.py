"""What a proxy that somebody else configures is told: its pick, and nothing that only ours does."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.config.picker_protocol import ToldName
from gateway.config.wiring import DESTINATION, FOREIGN_ROUTE, LB_NAMESPACE, POOL_HEADER
from gateway.identity.rules import ListenerRules
from gateway.model.demand import Demand
from gateway.model.head import Peer, RequestHead
from gateway.model.placement import Drop, Dropped, Placement
from gateway.model.verdict import Forward, Queued, Refuse
from gateway.pipeline.foreign import BASE_MODEL_HEADER, MODEL_HEADER, ForeignExchange
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.pipeline.hints import SUBSET, SUBSET_NAMESPACE, HintRules
from gateway.pipeline.placer import Entry
from gateway.pipeline.snapshot import Snapshot
from tests.pipeline.exchange_stage import Seen, rescued
from tests.pipeline.pool_stage import ROUTED, Placing, asking, models

LIST = ("10.0.0.1:80", "10.0.0.3:80", "10.0.0.4:80")
BODY = b'{"model":"MODEL","messages":[{"role":"user","content":"hi"}]}'


class Several(Placing):
    """As its base, with two fallbacks and a prefiller."""

    async def place(self, pool: str, demand: Demand, size: int) -> Placement | Dropped | Entry:
        found = await super().place(pool, demand, size)
        return placement(pool) if isinstance(found, Placement) else found

    async def wait(self, entry: Entry) -> Placement | Dropped:
        return placement(entry.pool)


def placement(pool: str) -> Placement:
    return Placement(1, LIST[0], pool, fallbacks=LIST[1:], prefiller="10.0.0.9:80")


def served() -> Snapshot:
    """The route of the pools, as proxies reach it."""
    made = models()
    stage = replace(made.routes[ROUTED], hints=HintRules([], proxied=True))
    return replace(made, routes={FOREIGN_ROUTE: stage})


class Proxied:
    """One exchange of such a proxy."""

    def __init__(self, placing: Placing | None = None, **proxy: Any) -> None:
        self.placing = placing or Several()
        self.proxy = ForeignProxy("agents", 5.0, **proxy)
        self.seen = Seen(placer=self.placing)
        self.snapshot = served()

    def exchange(self, *, reads: bool = True) -> ForeignExchange:
        wiring = self.proxy.wiring(duplex=False, sends_response=reads)
        return ForeignExchange(self.snapshot, wiring, self.seen.around, self.proxy)

    async def chat(
        self, model: str, *lines: tuple[str, str], reads: bool = True, **head: Any
    ) -> Forward | Refuse | Queued:
        """The verdict on a chat completion, by a route that the proxy calls something else."""
        asked: RequestHead = replace(
            asking("/v1/chat/completions", *lines), route="their-route", **head
        )
        exchange = self.exchange(reads=reads)
        await exchange.preview(asked)
        body = BODY.replace(b"MODEL", model.encode())
        found = await rescued(exchange, exchange.judge(asked, body, None))
        return await exchange.dispatched() if isinstance(found, Queued) else found


async def lines_of(asked: Proxied, model: str, *lines: tuple[str, str]) -> dict[str, str]:
    """What is set of the request that goes on."""
    found = await asked.chat(model, *lines)
    assert isinstance(found, Forward)
    return dict(found.mutation.set)


@pytest.mark.parametrize(("fallbacks", "many"), [(0, 1), (1, 2), (2, 3)])
async def test_header_and_metadata_name_the_same_endpoints_as_many_as_the_proxy_takes(
    fallbacks: int, many: int
) -> None:
    found = await Proxied(fallbacks=fallbacks).chat("llama")
    assert isinstance(found, Forward)
    wanted = ",".join(LIST[:many])
    assert dict(found.mutation.set)[DESTINATION] == wanted
    assert found.metadata is not None
    assert found.metadata[LB_NAMESPACE] == {DESTINATION: wanted}
    assert found.reroutes


async def test_what_waited_is_told_in_the_same_way() -> None:
    found = await Proxied(Several(Entry("chat", 1, 5.0)), fallbacks=1).chat("llama")
    assert isinstance(found, Forward)
    assert dict(found.mutation.set)[DESTINATION] == ",".join(LIST[:2])


async def test_no_header_is_set_that_an_envoy_takes_from_its_own_configuration_alone() -> None:
    lines = await lines_of(Proxied(), "llama")
    assert not [name for name in lines if name.startswith("x-envoy-")]
    assert lines["x-prefiller-host-port"] == "10.0.0.9:80"
    assert POOL_HEADER not in lines


async def test_names_are_told_that_the_operator_asks_for() -> None:
    tell: tuple[ToldName, ...] = ("model", "base-model", "pool")
    lines = await lines_of(Proxied(tell=tell), "coder")
    assert {name: lines[name] for name in (MODEL_HEADER, BASE_MODEL_HEADER, POOL_HEADER)} == {
        MODEL_HEADER: "coder",
        BASE_MODEL_HEADER: "coder",
        POOL_HEADER: "code",
    }
    assert MODEL_HEADER not in await lines_of(Proxied(), "coder")


OWNED = (
    "authorization",
    "x-api-key",
    "cookie",
    "x-data-parallel-host-port",
    "x-prefiller-url",
    "x-gateway-inference-objective",
    "x-llm-d-slo-ttft-ms",
    "x-slo-ttft-ms",
    "x-session-token",
    "x-gateway-pool",
    "x-gateway-anything",
    "x-gatehouse-audit-id",
)


async def test_what_a_client_must_not_say_to_a_server_goes_no_further() -> None:
    sent = [(name, "1") for name in OWNED if name != "authorization"]
    found = await Proxied().chat("llama", *sent, (DESTINATION, "10.6.6.6:1"), ("x-other", "1"))
    assert isinstance(found, Forward)
    assert set(OWNED) <= set(found.mutation.remove)
    assert "x-other" not in found.mutation.remove
    assert dict(found.mutation.set)[DESTINATION] == LIST[0]
    assert not set(found.mutation.remove) & {name for name, _ in found.mutation.set}


async def test_credentials_go_on_only_where_the_operator_says_so() -> None:
    found = await Proxied(keeps_credentials=True).chat("llama", ("x-api-key", "1"))
    assert isinstance(found, Forward)
    assert not {"authorization", "x-api-key"} & set(found.mutation.remove)


async def test_a_subset_of_the_proxy_counts_whoever_the_client_is() -> None:
    asked = Proxied()
    await asked.chat("llama", metadata={SUBSET_NAMESPACE: {SUBSET: ["10.0.0.1:80"]}})
    await asked.chat("llama", (SUBSET, "10.0.0.2:80"))
    assert [demand.subset for _, demand in asked.placing.demands] == [("10.0.0.1:80",), None]


async def test_refusals_are_those_of_any_route() -> None:
    asked = Proxied()
    denied = await asked.chat("secret")
    dropped = await Proxied(Several(Dropped(Drop.SATURATED))).chat("llama")
    assert isinstance(denied, Refuse)
    assert isinstance(dropped, Refuse)
    assert (denied.answer.status, dropped.answer.status) == (403, 429)
    assert dict(dropped.answer.headers)["x-llm-d-request-dropped-reason"] == "rejected-saturated"
    assert asked.placing.demands == []


async def test_a_response_that_must_be_read_and_will_not_come_refuses_the_request() -> None:
    asked = Proxied()
    found = await asked.chat("llama", reads=False)
    assert isinstance(found, Refuse)
    assert (found.answer.status, found.details) == (500, "gatehouse_wiring")
    assert asked.placing.demands == []


@pytest.mark.parametrize(
    ("accept", "head"),
    [
        ("spiffe", {"peer": Peer("10.9.9.9", mtls=True, uri_sans=("spiffe://here/boss",))}),
        (
            "metadata",
            {"metadata": {"verified": {"payload": {"iss": "https://idp", "sub": "boss"}}}},
        ),
    ],
)
@pytest.mark.parametrize("anybody", [False, True])
async def test_what_a_proxy_verified_is_not_believed_of_anybody(
    accept: str, head: dict[str, Any], anybody: bool
) -> None:
    rules = ListenerRules((accept,), metadata_namespaces=("verified",))
    asked = Proxied(anybody=anybody)
    asked.snapshot = replace(served(), listeners={"agents": rules})
    found = await asked.chat("llama", **head)
    assert isinstance(found, Refuse) is anybody
