"""Metadata that the gateway writes about a request, and that Envoy throws away."""

from collections.abc import Iterator
from typing import Final

from gateway.config.wiring import METADATA_NAMESPACE
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.node import Node
from gateway.edge.lint.setup import Manager, Setup


def _find(setup: Setup) -> Found:
    wanted = [METADATA_NAMESPACE, *sorted(set(_read_by_balancers(setup)))]
    for manager in setup.asking:
        processor = manager.processor
        if processor is None:
            continue
        for options in _options(manager):
            listed = {one.text for one in options["receiving_namespaces.untyped"].items}
            missing = [name for name in wanted if name not in listed]
            if missing:
                names = ", ".join(missing)
                yield options["receiving_namespaces"], f"no {names} in receiving_namespaces"


def _options(manager: Manager) -> Iterator[Node]:
    """Of the filter, and of every route that replaces them."""
    processor = manager.processor
    if processor is None:
        return
    yield processor.config["metadata_options"]
    overrides = [
        route.of_filter(processor)["overrides.metadata_options"] for route in manager.judged
    ]
    yield from {one.path: one for one in overrides if one["receiving_namespaces"].given}.values()


def _read_by_balancers(setup: Setup) -> Iterator[str]:
    """Namespaces in which load balancers look for the endpoint that was picked."""
    for cluster in setup.backends:
        for policy in cluster["load_balancing_policy.policies"].items:
            config = policy["typed_extension_config.typed_config"]
            for source in config["override_host_sources"].items:
                if source["metadata.key"].text:
                    yield source["metadata.key"].text


DANGER: Final = Danger(
    name="receiving-namespaces",
    level="danger",
    reason="Envoy drops the gateway's verdict or its pick in silence",
    fix="list it in metadata_options.receiving_namespaces.untyped of the ext_proc filter",
    find=_find,
)
