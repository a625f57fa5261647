"""Lists of bad hosts and URLs, which change while the gateway runs. Pure: no I/O, no clock.

Whoever reads files puts what they say into the book; detectors ask for a list by its file's path
when they are prepared and look into what it then holds at each match. So a list is renewed
without a new snapshot of the configuration, and a match is judged by one state of it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakValueDictionary

from gateway.guardrails.urls.url import Url, parsed

MOST_ENTRIES: Final = 2_000_000
"""Of one list; each takes about 120 bytes."""

_SINK_ADDRESSES: Final = "0.0.0.0 127.0.0.1 :: ::1 255.255.255.255"
_SINKS: Final = frozenset(_SINK_ADDRESSES.split())
_LOCAL_NAMES: Final = "localhost localhost.localdomain local broadcasthost ip6-localhost 0.0.0.0"
_LOCAL: Final = frozenset(_LOCAL_NAMES.split())
_HOST: Final = re.compile(r"[^\s/?#@:,;\"'<>\\]{1,253}")


@dataclass(frozen=True, slots=True)
class UrlSet:
    """What a list names: `hosts` exactly (with ":port" where only that port is meant), `domains`
    with all names below them, `addresses` as `Url.address`."""

    hosts: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    def __len__(self) -> int:
        """How many entries."""
        return len(self.hosts) + len(self.domains) + len(self.addresses)

    def has(self, url: Url, *, below: bool = False) -> bool:
        """Whether the URL is on the list; with `below` names below a listed host are, too."""
        if url.host in self.hosts or url.host.removeprefix("www.") in self.hosts:
            return True
        if url.port is not None and url.authority in self.hosts:
            return True
        if self.addresses and url.address in self.addresses:
            return True
        if not (self.domains or below):
            return False
        return any(
            name in self.domains or (below and name in self.hosts) for name in _parents(url.host)
        )


@dataclass(slots=True, weakref_slot=True)
class UrlList:
    """One list by the path of its file. `urls` is None until somebody has read it."""

    path: str
    urls: UrlSet | None = field(default=None, repr=False)


class UrlBook:
    """The lists that somebody asked for and still holds."""

    def __init__(self) -> None:
        self._lists: WeakValueDictionary[str, UrlList] = WeakValueDictionary()

    def list(self, path: str) -> UrlList:
        """The list of a file: the same one as long as anybody holds it."""
        found = self._lists.get(path)
        if found is None:
            found = self._lists[path] = UrlList(path)
        return found

    def lists(self) -> tuple[UrlList, ...]:
        """Those that have to be kept up to date."""
        return tuple(self._lists.values())


BOOK: Final = UrlBook()
"""Of this process: what detectors prepared in it look into."""


def url_set(lines: Iterable[str]) -> tuple[UrlSet, tuple[int, ...]]:
    """What the lines of a list name, and the numbers (from 1) of those that name nothing.

    One host, `host:port`, address or URL a line; `#` begins a comment. `.example.com`,
    `*.example.com` and `||example.com^` (the form of ad blockers) stand for a domain and all below
    it. Of the hosts-file format ("0.0.0.0 example.com ...") the names count. ValueError for more
    than MOST_ENTRIES.
    """
    hosts: set[str] = set()
    domains: set[str] = set()
    addresses: set[str] = set()
    bad: list[int] = []
    for number, line in enumerate(lines, 1):
        entries = tuple(_entries(line))
        added = [_add(entry, hosts, domains, addresses) for entry in entries]
        if not all(added):
            bad.append(number)
        if len(hosts) + len(domains) + len(addresses) > MOST_ENTRIES:
            raise ValueError(f"the list has more than {MOST_ENTRIES:,} entries")
    return UrlSet(frozenset(hosts), frozenset(domains), frozenset(addresses)), tuple(bad)


def _entries(line: str) -> Iterator[str]:
    text = line.partition("#")[0].strip() if "://" not in line else line.partition(" #")[0].strip()
    if not text or text.startswith(("#", "!", ";")):
        return
    first, *others = text.split()
    if others and first in _SINKS:
        yield from (name for name in others if name not in _LOCAL)
    else:
        yield text


def _add(entry: str, hosts: set[str], domains: set[str], addresses: set[str]) -> bool:
    for opening in ("||", "*.", "."):
        if entry.startswith(opening):
            name = entry.removeprefix(opening).removesuffix("^").lower().rstrip(".")
            if _HOST.fullmatch(name) is None:
                return False
            domains.add(name)
            return True
    url = parsed(entry)
    if url is None or " " in entry or _HOST.fullmatch(url.host) is None:
        return False
    if url.rest.partition("#")[0] in {"", "/"}:
        hosts.add(url.authority)
    else:
        addresses.add(url.address)
    return True


def _parents(host: str) -> Iterator[str]:
    """`host` and the domains that it is below, the longest first."""
    while host:
        yield host
        host = host.partition(".")[2]
