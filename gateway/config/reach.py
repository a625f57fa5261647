"""What leads to a backend or a route: protocols, and routes that decide on requests alone.

Pure. Both are told by target: ("backend" or "route", name), as policies name them.
"""

from typing import TypeAlias

from gateway.config.schema import Gateway

Target: TypeAlias = tuple[str, str]


def spoken(gateway: Gateway) -> dict[Target, frozenset[str]]:
    """The protocols of every backend, pool and route."""
    found = {("backend", upstream.name): frozenset[str]() for upstream in gateway.upstreams}
    for route in gateway.routes:
        found["route", route.name] = frozenset((route.protocol,))
        for name in (route.backend, *route.pools):
            before = found.get(("backend", name), frozenset[str]())
            found["backend", name] = before | {route.protocol}
    return found


def checked(gateway: Gateway) -> set[Target]:
    """The routes in mode `check`, and the backends that no other judged route leads to."""
    judged = [route for route in gateway.routes if route.protocol != "unjudged"]
    routes = [route for route in judged if route.mode == "check"]
    others = {route.backend for route in judged if route.mode != "check"}
    names = {("route", route.name) for route in routes}
    return names | {("backend", route.backend) for route in routes if route.backend not in others}
