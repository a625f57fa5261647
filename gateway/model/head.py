"""HTTP heads as Envoy delivered them. Pure: no I/O, no clock."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.model.jsonvalue import JsonObject


class Headers:
    """Ordered header lines with lower-case names; pseudo headers are not in it.

    Envoy joins repeated lines of its inline headers (content-type, authorization, ...) with a
    comma and leaves others as separate lines, so `all` returns every line and the caller decides
    what a repetition means.
    """

    __slots__ = ("_lines",)

    def __init__(self, lines: Iterable[tuple[str, str]] = ()) -> None:
        by_name: dict[str, tuple[str, ...]] = {}
        for name, value in lines:
            key = name.lower()
            by_name[key] = (*by_name[key], value) if key in by_name else (value,)
        self._lines = by_name

    def all(self, name: str) -> tuple[str, ...]:
        """Every line of the header `name` (lower case), in order; empty when it is absent."""
        return self._lines.get(name, ())

    def get(self, name: str) -> str | None:
        """The first line of the header `name` (lower case), or None when it is absent."""
        lines = self._lines.get(name)
        return lines[0] if lines else None

    def present(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of `names` (lower case) that there is a line of, in their order."""
        return tuple([name for name in names if name in self._lines])

    def repeated(self) -> list[str]:
        """Names of the headers that have more than one line."""
        return [name for name, lines in self._lines.items() if len(lines) > 1]

    def __contains__(self, name: object) -> bool:
        return name in self._lines

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, value) for name, lines in self._lines.items() for value in lines)

    def __len__(self) -> int:
        return sum(len(lines) for lines in self._lines.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._lines == other._lines

    def __hash__(self) -> int:
        return hash(frozenset(self._lines.items()))

    def __repr__(self) -> str:
        return f"Headers({sorted(self._lines)})"  # names only: values may be credentials


@dataclass(frozen=True, slots=True)
class Peer:
    """What the downstream connection proved, from Envoy's attributes (never from headers)."""

    address: str = ""
    mtls: bool = False
    uri_sans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request without its body. `route` is Envoy's xds.route_name, the only route identity, and
    once that is found the name that the configuration gives the route."""

    method: str
    path: str
    authority: str = ""
    scheme: str = "http"
    headers: Headers = field(default_factory=Headers)
    route: str = ""
    peer: Peer = field(default_factory=Peer)
    metadata: Mapping[str, JsonObject] = field(default_factory=dict[str, JsonObject])


VIA_UPSTREAM: Final = "via_upstream"
"""`details` of an answer that came from an upstream and not from Envoy."""


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A response without its body. `details` is Envoy's response.code_details, `upstream` the
    "ip:port" that served, empty when no upstream answered."""

    status: int
    headers: Headers = field(default_factory=Headers)
    details: str = ""
    upstream: str = ""
