"""What a file configures: connection managers with their filters and routes, and clusters.

It may be a bootstrap, a list of resources (as files of subscriptions have it), or a snippet.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.config.wiring import METADATA_KEY, METADATA_NAMESPACE
from gateway.edge.ext_proc import WORKERS
from gateway.edge.lint.expected import Expected
from gateway.edge.lint.node import Node

PROCESSOR: Final = "ExternalProcessor"
CHECKER: Final = "ExtAuthz"
_SNIPPET: Final = "http_connection_manager"
_NAMED: Final = re.compile(r"(_metadata:)?(mcp|openai|anthropic|a2a|unjudged):[^@]*@(.+)|_unknown")


@dataclass(frozen=True, slots=True)
class Filter:
    """One HTTP filter of a chain."""

    node: Node

    @property
    def name(self) -> str:
        """Its name, by which routes configure it."""
        return self.node["name"].text

    @property
    def config(self) -> Node:
        """Its configuration."""
        return self.node["typed_config"]

    @property
    def type(self) -> str:
        """The type of its configuration, the last word."""
        return self.config.type

    @property
    def cluster(self) -> Node:
        """The cluster that it asks."""
        return self.config["grpc_service.envoy_grpc.cluster_name"]

    @property
    def marked(self) -> bool:
        """Whether it asks this gateway, by what we generate."""
        told = self.config["grpc_service.initial_metadata"].items
        receiving = self.config["metadata_options.receiving_namespaces.untyped"].items
        return (
            self.cluster.text == WORKERS
            or self.config["stat_prefix"].text == "gatehouse"
            or any(one["key"].text == METADATA_KEY for one in told)
            or any(one.text == METADATA_NAMESPACE for one in receiving)
        )


@dataclass(frozen=True, slots=True)
class Route:
    """One route, and what it stands in, the nearest first."""

    node: Node
    around: tuple[Node, ...]

    @property
    def name(self) -> str:
        """Its name, by which the gateway knows it."""
        return self.node["name"].text

    @property
    def shown(self) -> str:
        """Its name for a message."""
        return self.name or "a route without a name"

    @property
    def named(self) -> bool:
        """Whether the gateway gave it its name."""
        return _NAMED.fullmatch(self.name) is not None

    @property
    def backend(self) -> str:
        """The backend that its name tells; "" if none."""
        match = _NAMED.fullmatch(self.name)
        return (match[3] or "") if match and not match[1] else ""

    @property
    def protocol(self) -> str:
        """The protocol that its name tells; "" if none."""
        match = _NAMED.fullmatch(self.name)
        return (match[2] or "") if match and not match[1] else ""

    @property
    def action(self) -> Node:
        """Where it leads; not given for one that Envoy answers itself."""
        return self.node["route"]

    @property
    def clusters(self) -> list[Node]:
        """The clusters that it leads to."""
        weighted = [one["name"] for one in self.action["weighted_clusters.clusters"].items]
        return [one for one in (self.action["cluster"], *weighted) if one.given]

    def of_filter(self, one: Filter) -> Node:
        """The nearest configuration of a filter here; not given if there is none."""
        levels = (self.node, *self.around)
        places = [level["typed_per_filter_config"].entry(one.name) for level in levels]
        found = next((place for place in places if place.given), places[0])
        wrapped = found.type == "FilterConfig" and not found["disabled"].on
        return found["config"] if wrapped else found

    def has(self, one: Filter) -> bool:
        """Whether all requests of this route pass the filter."""
        if any(
            _switched_off(part, one) for part in self.action["weighted_clusters.clusters"].items
        ):
            return False
        config = self.of_filter(one)
        if config.given:
            return not config["disabled"].on
        return not one.node["disabled"].on


def _switched_off(part: Node, one: Filter) -> bool:
    return part["typed_per_filter_config"].entry(one.name)["disabled"].on


@dataclass(frozen=True, slots=True)
class Manager:
    """A connection manager, the listener around it, and what is in it. Without a node it stands
    for routes alone."""

    node: Node
    listener: Node
    filters: tuple[Filter, ...] = ()
    routes: tuple[Route, ...] = ()
    ours: tuple[Filter, ...] = ()
    """Of the filters, those that ask the gateway."""

    @property
    def processor(self) -> Filter | None:
        """The ext_proc filter that asks the gateway."""
        return next((one for one in self.ours if one.type == PROCESSOR), None)

    @property
    def judged(self) -> list[Route]:
        """The routes on which the gateway is asked."""
        if not self.filters:
            return [route for route in self.routes if route.named]
        return [route for route in self.routes if any(route.has(one) for one in self.ours)]

    @property
    def forwarded(self) -> list[Route]:
        """Of these, the routes that lead to a backend: Envoy answers the others itself."""
        return [route for route in self.judged if route.action.given]

    @property
    def first(self) -> int:
        """The index of the first filter that asks the gateway; after the last if none does."""
        indexes = [self.filters.index(one) for one in self.ours]
        return min(indexes, default=len(self.filters))

    @property
    def before(self) -> Sequence[Filter]:
        """The filters before the gateway is asked."""
        return self.filters[: self.first]

    @property
    def after(self) -> Sequence[Filter]:
        """The filters after the gateway was first asked, without those that ask it."""
        return [one for one in self.filters[self.first :] if one not in self.ours]


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that dangers are looked for in."""

    roots: tuple[Node, ...]
    managers: tuple[Manager, ...]
    clusters: tuple[Node, ...]
    expected: Expected = field(default_factory=Expected)

    @property
    def asking(self) -> Iterator[Manager]:
        """The connection managers in which the gateway is asked."""
        return (one for one in self.managers if one.ours)

    @property
    def askers(self) -> Iterator[Filter]:
        """The filters that ask the gateway."""
        return (one for manager in self.managers for one in manager.ours)

    @property
    def processors(self) -> Iterator[Filter]:
        """The ext_proc filters that ask it."""
        return (one for one in self.askers if one.type == PROCESSOR)

    @property
    def workers(self) -> list[Node]:
        """The clusters of the gateway's workers."""
        names = {WORKERS, *(one.cluster.text for one in self.askers)}
        return [one for one in self.clusters if one["name"].text in names]

    @property
    def backends(self) -> list[Node]:
        """The clusters behind routes on which the gateway is asked."""
        names = {
            cluster.text
            for manager in self.managers
            for route in manager.judged
            for cluster in route.clusters
        }
        return [one for one in self.clusters if one["name"].text in names]


def setup_of(roots: Sequence[Node], expected: Expected) -> Setup:
    """What the documents of a file configure together."""
    nodes = [node for root in roots for node in root.walk()]
    managers = [
        _manager(node, _listener(node, roots), _filters(node["http_filters"]), _routes(node))
        for node in nodes
        if node.type == "HttpConnectionManager"
    ]
    managers += [_of_snippet(root) for root in roots if root[_SNIPPET].given]
    managers += [
        Manager(node, node, routes=tuple(_of_configuration(node)))
        for node in nodes
        if node.type == "RouteConfiguration"
    ]
    clusters = [node for node in nodes if node.type == "Cluster"]
    for root in roots:
        clusters += [*root["static_resources.clusters"].items, *root["clusters"].items]
    return Setup(tuple(roots), tuple(_with_ours(managers)), tuple(clusters), expected)


def _manager(
    node: Node, listener: Node, filters: tuple[Filter, ...], routes: Iterator[Route]
) -> Manager:
    return Manager(node, listener, filters, tuple(routes))


def _of_snippet(root: Node) -> Manager:
    routes = (Route(route, ()) for route in root["routes"].items)
    return _manager(root[_SNIPPET], root["listener"], _filters(root["http_filters"]), routes)


def _with_ours(managers: Sequence[Manager]) -> Iterator[Manager]:
    """Which filters ask the gateway: those that say so; if none does, each ext_proc filter is
    taken for one, because whoever lints a file means one of them."""
    marked = any(one.marked for manager in managers for one in manager.filters if _may_ask(one))
    for manager in managers:
        ours = tuple(
            one
            for one in manager.filters
            if _may_ask(one) and (one.marked if marked else one.type == PROCESSOR)
        )
        yield Manager(manager.node, manager.listener, manager.filters, manager.routes, ours)


def _may_ask(one: Filter) -> bool:
    return one.type in {PROCESSOR, CHECKER}


def _filters(node: Node) -> tuple[Filter, ...]:
    return tuple(Filter(one) for one in node.items)


def _routes(manager: Node) -> Iterator[Route]:
    return _of_configuration(manager["route_config"])


def _of_configuration(node: Node) -> Iterator[Route]:
    for host in node["virtual_hosts"].items:
        for route in host["routes"].items:
            yield Route(route, (host, node))


def _listener(manager: Node, roots: Sequence[Node]) -> Node:
    """The listener around a connection manager; the manager itself if there is none."""
    for length, key in enumerate(manager.path):
        if key in {"filter_chains", "filterChains", "default_filter_chain", "defaultFilterChain"}:
            (root,) = (root for root in roots if root.tree is manager.tree)
            for part in manager.path[:length]:
                root = root.items[part] if isinstance(part, int) else root.entry(part)
            return root
    return manager
