"""An exchange of a proxy that somebody else configures, by the endpoint picker protocol.

It is judged like any other; no I/O, no clock. What differs is what such a proxy does not do: it
has no name of ours for the route, takes out no header that a client must not send or a model server
must not get, and looks for the pick in `x-gateway-destination-endpoint` alone.

Source: GIE proposal 004 (endpoint picker protocol) and 1964 (body-based routing).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from typing_extensions import override

from gateway.config.wiring import DESTINATION, FOREIGN_ROUTE, LB_NAMESPACE, POOL_HEADER, Wiring
from gateway.model.head import Headers, Peer, RequestHead
from gateway.model.verdict import Forward, Gap, Mutation, Proceed, Queued, Refuse
from gateway.pipeline.exchange import HttpExchange, Surroundings
from gateway.pipeline.foreign_proxy import ForeignProxy
from gateway.pipeline.hints import CONTROL_HEADERS, SUBSET_NAMESPACE
from gateway.pipeline.snapshot import Snapshot

MODEL_HEADER: Final = "x-gateway-model-name"
BASE_MODEL_HEADER: Final = "x-gateway-base-model-name"

CREDENTIALS: Final = (
    "authorization",
    "proxy-authorization",
    "x-api-key",
    "api-key",
    "cookie",
    "x-forwarded-client-cert",
)
"""What a client proves itself with, to the gateway and to nobody behind it."""

_ENGINES: Final = (
    "x-prefiller-host-port",
    "x-prefiller-url",
    "x-encoder-hosts-ports",
    "x-data-parallel-host-port",
    "x-data-parallel-rank",
    "x-kv-cache-source-host-port",
)
"""By which servers of a pool are told of others; of a client they could lead anywhere."""

_PREFIXES: Final = ("x-gateway-", "x-gatehouse-", "x-llm-d-")
_OF_ENVOY: Final = "x-envoy-"
"""An Envoy takes such a header from a service only where its mutation rules say so."""

_PLAIN: Final = re.compile(r"[!-~]{1,256}")
"""Names of models that can stand in a header; of others there is none."""


class ForeignExchange(HttpExchange):
    """One exchange of such a proxy."""

    def __init__(
        self, snapshot: Snapshot, wiring: Wiring, around: Surroundings, proxy: ForeignProxy
    ) -> None:
        super().__init__(snapshot, wiring, around)
        self._proxy = proxy
        self._headers = Headers()

    @override
    async def preview(self, head: RequestHead) -> Proceed | Refuse:
        """As in the base, whatever the proxy calls its route."""
        return await super().preview(self._taken(head))

    @override
    async def judge(
        self, head: RequestHead, body: bytes, gap: Gap | None
    ) -> Forward | Refuse | Queued:
        """As in the base, for a proxy that knows nothing of ours."""
        self._headers = head.headers
        return self._theirs(await super().judge(self._taken(head), body, gap))

    @override
    async def dispatched(self) -> Forward | Refuse:
        """As in the base, for a proxy that knows nothing of ours."""
        found = self._theirs(await super().dispatched())
        assert not isinstance(found, Queued)
        return found

    def _taken(self, head: RequestHead) -> RequestHead:
        """The head on our route; without what only a proxy can say of its client, where anybody
        may say to be one: who else could tell that a certificate, or a payload, was verified?"""
        if not self._proxy.anybody:
            return replace(head, route=FOREIGN_ROUTE)
        told = {name: head.metadata[name] for name in (SUBSET_NAMESPACE,) if name in head.metadata}
        return replace(head, route=FOREIGN_ROUTE, peer=Peer(head.peer.address), metadata=told)

    def _models(self) -> Iterator[tuple[str, str]]:
        """What routes of the proxy may match on, as far as it is asked for."""
        placement, route = self._record.picked, self._request.route
        if placement is None or route is None:
            return
        asked = self._record.target
        model = route.renamed.get(asked, asked)
        pool = next((one for one in route.pools if one.name == placement.pool), None)
        named = {
            "model": (MODEL_HEADER, asked),
            "base-model": (BASE_MODEL_HEADER, pool.adapters.get(model, model) if pool else ""),
            "pool": (POOL_HEADER, placement.pool),
        }
        for one in self._proxy.tell:
            name, value = named[one]
            if _PLAIN.fullmatch(value):
                yield name, value

    def _theirs(self, conclusion: Forward | Refuse | Queued) -> Forward | Refuse | Queued:
        if not isinstance(conclusion, Forward):
            return conclusion
        mutation, order = conclusion.mutation, self._order()
        own = {POOL_HEADER, *((DESTINATION,) if order else ())}
        lines = [
            (name, value)
            for name, value in mutation.set
            if name not in own and not name.startswith(_OF_ENVOY)
        ]
        metadata = conclusion.metadata
        if order:
            lines.append((DESTINATION, order))
            metadata = {**(metadata or {}), LB_NAMESPACE: {DESTINATION: order}}
        lines += self._models()
        written = {name for name, _ in lines}
        remove = [
            name for name, _ in self._headers if name not in written and self._ends_here(name)
        ]
        changed = Mutation(tuple(lines), tuple(dict.fromkeys((*mutation.remove, *remove))))
        return replace(conclusion, mutation=changed, metadata=metadata)

    def _order(self) -> str:
        """The endpoints to try, as many as the proxy takes; "" of what is not placed."""
        placement = self._record.picked
        if placement is None:
            return ""
        return ",".join((placement.endpoint, *placement.fallbacks[: self._proxy.fallbacks]))

    def _ends_here(self, name: str) -> bool:
        """Whether a header of the client goes no further than the gateway."""
        if name in CREDENTIALS:
            return not self._proxy.keeps_credentials
        return name in _ENGINES or name in CONTROL_HEADERS or name.startswith(_PREFIXES)
