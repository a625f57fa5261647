"""What must hold for pools, and for the routes that lead to them."""

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Final

from gateway.config.addresses import Address, is_normal_path, parse_address
from gateway.config.backend_checks import is_header_value
from gateway.config.document import Document
from gateway.config.files import system_ca, unreadable, unusable_ca
from gateway.config.member_file import address_problems, read_members
from gateway.config.members import addresses_of, static_members
from gateway.config.pool import Kubernetes, Pool, Rewrite
from gateway.config.route_checks import odd_path, reference
from gateway.config.schema import Gateway, Route
from gateway.config.yamltree import Path
from gateway.model.problem import Problem

_PROTOCOLS: Final = ("openai", "anthropic")
_ELSEWHERE: Final = ("url", "private")
_ANSWERING: Final = frozenset({"both", "decode"})


def names_of(pool: Pool) -> tuple[str, ...]:
    """Every name by which a request can mean a model of this pool; none: any name."""
    rewritten = (rule.model for rule in pool.rewrites if rule.model is not None)
    return tuple(dict.fromkeys((*pool.models, *pool.adapters, *rewritten)))


# --- pools --------------------------------------------------------------------------------------


def _members(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for index, pool in enumerate(gateway.pools):
        path: Path = ("pools", index)
        for field in _ELSEWHERE:
            if field in pool.model_fields_set:
                message = f"a pool has no {field}: it is of servers that may replace each other"
                yield document.problem((*path, field), message, "use endpoints, or a backend")
        members = static_members(pool)
        if not members and not _discovered(pool):
            message = "the pool has no members"
            yield document.problem(path, message, "add endpoints, members, a file or kubernetes")
        elif not _discovered(pool) and not any(one.role in _ANSWERING for one in members):
            message = "no member of the pool answers requests: all of them help others"
            yield document.problem((*path, "members"), message, "give one the role both or decode")
        seen = set(pool.endpoints)
        yield from address_problems(document, (*path, "members"), pool.members, seen)
        yield from _member_file(pool, document, (*path, "file"))


def _discovered(pool: Pool) -> bool:
    """Whether members may come that gateway.yaml does not name."""
    return pool.file is not None or pool.kubernetes is not None


def _member_file(pool: Pool, document: Document, path: Path) -> Iterator[Problem]:
    if pool.file is None:
        return
    members, problems = read_members(FilePath(pool.file))
    yield from problems
    known = set(addresses_of(pool))
    twice = next((one.address for one in members if one.address in known), None)
    if twice is not None:
        message = f"{document.quote(path)} lists {twice}, which the pool has already"
        yield document.warning(path, message, "remove one")


def _models(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for index, pool in enumerate(gateway.pools):
        path: Path = ("pools", index)
        yield from _twice(document, (*path, "models"), pool.models)
        for name, base in pool.adapters.items():
            here = (*path, "adapters", name)
            if name in pool.models:
                yield document.problem(here, f'"{name}" is a model of the pool, too', "rename it")
            if pool.models:
                yield from reference(document, here, base, pool.models, "model")
        yield from _rewrites(pool, document, (*path, "rewrites"))


def _twice(document: Document, path: Path, names: tuple[str, ...]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name in names[:index]:
            here = (*path, index)
            yield document.problem(here, f"{document.quote(here)} is listed twice", "remove one")


def _rewrites(pool: Pool, document: Document, path: Path) -> Iterator[Problem]:
    for index, rule in enumerate(pool.rewrites):
        here = (*path, index)
        if any(rule.model == earlier.model for earlier in pool.rewrites[:index]):
            message = "an earlier rewrite has the same model, and is the one that counts"
            yield document.problem(here, message, "merge the two")
        yield from _targets(rule, document, (*here, "targets"))
        known = (*pool.models, *pool.adapters)
        for number, target in enumerate(rule.targets if known else ()):
            yield from reference(document, (*here, "targets", number, "model"), target.model, known)


def _targets(rule: Rewrite, document: Document, path: Path) -> Iterator[Problem]:
    weights = [target.weight for target in rule.targets]
    if all(weight is None for weight in weights):
        return
    if not any(weights):
        message = "no target gets anything: every weight is 0"
        yield document.problem(path, message, "give one a weight, or none")
    for index, weight in enumerate(weights):
        if weight is None:
            message = "beside targets with a weight, one without it gets nothing"
            yield document.warning((*path, index), message, "give it a weight, or remove it")


def _scrapes(gateway: Gateway, document: Document) -> Iterator[Problem]:
    for index, pool in enumerate(gateway.pools):
        path: Path = ("pools", index, "scrape")
        given = pool.scrape.model_fields_set - {"enabled"}
        if given and (pool.engine == "openai" or not pool.scrape.enabled):
            why = "engine openai tells no metrics" if pool.scrape.enabled else "enabled is false"
            yield document.problem(path, f"has no effect: {why}", "remove it")
            continue
        yield from _scrape(pool, document, path)


def _scrape(pool: Pool, document: Document, path: Path) -> Iterator[Problem]:
    scrape = pool.scrape
    if not is_normal_path(scrape.path):
        yield document.problem((*path, "path"), odd_path(document, (*path, "path")))
    if scrape.scheme == "http" and scrape.ca is not None:
        yield document.problem((*path, "ca"), "ca has no effect without TLS", "scheme: https")
    if scrape.scheme == "https" and scrape.ca is None and system_ca() is None:
        yield document.problem(path, "this system has no CA bundle", "name one in ca")
    yield from unreadable(document, (*path, "ca"), scrape.ca)
    yield from unusable_ca(document, (*path, "ca"), scrape.ca)
    if scrape.token is None:
        return
    here = (*path, "token")
    if not is_header_value(scrape.token.get_secret_value()):
        yield document.problem(here, "not a token", "no line breaks, not empty")
    local = all((a := parse_address(one)) and a.loopback for one in addresses_of(pool))
    if scrape.scheme == "http" and not (local and not _discovered(pool)):
        message = "the token crosses the network without TLS"
        yield document.warning(here, message, "scheme: https")


def _kubernetes(gateway: Gateway, document: Document) -> Iterator[Problem]:
    """What can be said without the cluster: a configuration is checked elsewhere, too."""
    for index, pool in enumerate(gateway.pools):
        path: Path = ("pools", index, "kubernetes")
        if pool.kubernetes is not None:
            yield from _which_pods(pool.kubernetes, document, path)
            yield from _which_cluster(pool.kubernetes, document, path)


def _which_pods(section: Kubernetes, document: Document, path: Path) -> Iterator[Problem]:
    if (section.inference_pool is None) == (not section.selector):
        message = "needs exactly one of inference_pool and selector"
        yield document.problem(path, message, "name an InferencePool, or the labels of the pods")
    elif section.selector and section.port is None:
        yield document.problem(path, "pods of a selector need a port", "port: 8000")
    elif section.inference_pool is not None and section.port is not None:
        message = "no effect: the InferencePool says its targetPorts"
        yield document.problem((*path, "port"), message, "remove it")


def _which_cluster(section: Kubernetes, document: Document, path: Path) -> Iterator[Problem]:
    yield from unreadable(document, (*path, "token_file"), section.token_file)
    yield from unreadable(document, (*path, "ca"), section.ca)
    yield from unusable_ca(document, (*path, "ca"), section.ca)
    if section.server is None:
        return
    here = (*path, "server")
    if parse_server(section.server) is None:
        yield document.problem(here, f"{document.quote(here)} is not https://host:port")
    if section.token_file is None:
        message = "the token of the pod's own cluster is not sent to another server"
        yield document.problem(here, message, "name its token_file")
    if section.namespace is None:
        message = "with a server the namespace is not known"
        yield document.problem(here, message, "add namespace")
    if section.ca is None and system_ca() is None:
        yield document.problem(here, "this system has no CA bundle", "name one in ca")


def parse_server(text: str) -> Address | None:
    """The address of the API of a cluster by its https:// URL, which has no path; 443 is the port
    unless it says one. None for anything else."""
    scheme, _, authority = text.partition("://")
    if scheme != "https":
        return None
    return parse_address(authority) or parse_address(f"{authority}:443")


# --- routes -------------------------------------------------------------------------------------


def _routes(gateway: Gateway, document: Document) -> Iterator[Problem]:
    pools = {pool.name: pool for pool in gateway.pools}
    for index, route in enumerate(gateway.routes):
        path: Path = ("routes", index)
        if route.backend in pools:
            yield from _route_to_pools(route, document, path)
            yield from _further(route, pools, document, path)
            yield from _aliases(route, pools, document, path)
            continue
        for field in ("pools", "hints"):
            if field in route.model_fields_set and getattr(route, field):
                message = f"{field} has no effect where backend is no pool"
                yield document.problem((*path, field), message, "name a pool as backend")


def _route_to_pools(route: Route, document: Document, path: Path) -> Iterator[Problem]:
    if route.protocol not in _PROTOCOLS:
        message = f"{document.quote((*path, 'backend'))} is a pool, and this route speaks "
        fix = "protocol: openai or anthropic, or a backend"
        yield document.problem((*path, "protocol"), message + route.protocol, fix)
    elif route.mode == "check":
        message = "a route in mode check cannot pick an endpoint of a pool"
        yield document.problem((*path, "mode"), message, "use mode: buffered")


def _further(
    route: Route, pools: dict[str, Pool], document: Document, path: Path
) -> Iterator[Problem]:
    """The pools of one route share out the models: each name has one of them."""
    owners: dict[str, str] = {}
    names = (route.backend, *route.pools)
    for index, name in enumerate(names):
        here = (*path, "pools", index - 1) if index else (*path, "backend")
        if index and names.index(name) < index:
            message = f"{document.quote(here)} is a pool of the route already"
            yield document.problem(here, message, "remove one")
            continue
        if name not in pools:
            yield from reference(document, here, name, pools, "pool")
            continue
        served = names_of(pools[name])
        if not served and len(names) > 1:
            message = f"{document.quote(here)} has no models, and is not the only pool of the route"
            yield document.problem(here, message, "name its models")
        for model in served:
            owner = owners.setdefault(model, name)
            if owner != name:
                message = f'{document.quote(here)} has "{model}", which pool {owner} has, too'
                yield document.problem(here, message, "one pool of a route has a model")


def _aliases(
    route: Route, pools: dict[str, Pool], document: Document, path: Path
) -> Iterator[Problem]:
    """Aliases that lead to no model are refused with 404 at every request."""
    chosen = [pools[name] for name in (route.backend, *route.pools) if name in pools]
    known = {name for pool in chosen for name in names_of(pool)}
    for alias, model in route.aliases.items():
        if known and all(names_of(pool) for pool in chosen):
            here = (*path, "aliases", alias)
            yield from reference(document, here, model, known, "model of the route's pools,")


CHECKS: Final = (_members, _models, _scrapes, _kubernetes, _routes)
