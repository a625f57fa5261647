"""Routes that the gateway does not know, or knows as another one."""

from typing import Final

from gateway.config.wiring import POOL_HEADER, ROUTE_KEY
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import CHECKER, Manager, Route, Setup


def _find(setup: Setup) -> Found:
    for manager in setup.managers:
        for route in manager.forwarded:
            if not route.named:
                yield route.node["name"], f"the gateway does not know {route.shown}"
                continue
            for cluster in route.clusters:
                if cluster.text not in {route.backend, _pool(route)}:
                    yield cluster, f"{route.name} leads to {cluster.text}"
            yield from _checked(manager, route)


def _pool(route: Route) -> str:
    """The pool that the gateway must have named for the route to match; "" if it need not."""
    headers = route.node["match.headers"].items
    named = (one["string_match.exact"].text for one in headers if one["name"].text == POOL_HEADER)
    return next(named, "")


def _checked(manager: Manager, route: Route) -> Found:
    """ext_authz is told the name, because Envoy does not send it."""
    for one in manager.ours:
        if one.type == CHECKER and route.has(one):
            settings = route.of_filter(one)["check_settings.context_extensions"]
            told = settings.entry(ROUTE_KEY)
            if told.text != route.name:
                yield told, f"{one.name} is told another route than {route.name}"


DANGER: Final = Danger(
    name="route-name",
    level="danger",
    reason="the name of a route says by which policies a request is judged and where it goes",
    fix="take name and cluster from the snippet; switch the filters off on routes of your own",
    find=_find,
)
