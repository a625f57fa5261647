"""The URL that a text means: defanged ones armed, the host that a browser would go to.

Pure: no I/O, no clock. WHATWG URL Standard, section 4.4: of http and https a backslash is a slash,
and what stands before the last "@" of the authority is no part of the host.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from gateway.guardrails.urls.ipv4 import ipv4

SCHEME: Final = r"h(?:tt|xx)ps?(?:\[?:\]?//\]?|:\\\\)"
"""How a web URL begins, also defanged (hxxp, [:]// and [://])."""

_DOTS: Final = re.compile(r"\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)", re.IGNORECASE)
_WIDE_DOTS: Final = str.maketrans("\u3002\uff0e\uff61", "...")
_ARMED: Final = re.compile(SCHEME, re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"[/\\?#]")
_BEGINS: Final = "({*'\""
_NO_HOST: Final = re.compile(r"[,;&=|(){}<>*!'\"\s]")
"""What ends a host although the standard would take it for a part: no name service knows it."""

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Url:
    """Parts of a web URL, or of a bare host.

    `host` is in lower case without a dot at the end, an IPv4 address in its usual form where it
    was written in another; `written` is how it stood there. `port` is None where it is the
    scheme's own or not given, `scheme` "" where the text has none. `rest` is path, query and
    fragment as written.
    """

    scheme: str
    userinfo: str
    host: str
    written: str
    port: int | None
    rest: str

    @property
    def authority(self) -> str:
        """Host, and port where it is not the scheme's own."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def address(self) -> str:
        """What is the same for the same page: without scheme, user, fragment and a bare slash."""
        path = self.rest.partition("#")[0].replace("\\", "/")
        return self.authority + ("" if path == "/" else path)


def parsed(text: str) -> Url | None:
    """The URL or the bare host that `text` is; None where it has no host."""
    scheme, rest = _split_scheme(_DOTS.sub(".", text).translate(_WIDE_DOTS))
    cut = _AUTHORITY.search(rest)
    authority, rest = (rest[: cut.start()], rest[cut.start() :]) if cut else (rest, "")
    userinfo, _, hostport = authority.rpartition("@")
    hostport = _NO_HOST.split(hostport.lstrip(_BEGINS), maxsplit=1)[0]
    host, port = _split_port(hostport.rstrip("]") if "[" not in hostport else hostport)
    written = host.strip().rstrip(".")
    if not written:
        return None
    name = unquote(written).lower()
    address = ipv4(name)
    return Url(
        scheme,
        userinfo,
        str(address) if address is not None else name,
        written,
        None if port == _DEFAULT_PORTS.get(scheme) else port,
        rest,
    )


def urls_in(text: str) -> tuple[Url, ...]:
    """`text`, a URL, and those that stand in it: one behind the other, or as a parameter."""
    begins = [found.start() for found in _ARMED.finditer(text)]
    if not begins or begins[0] != 0:
        begins.insert(0, 0)
    if "%3a%2f%2f" in text.lower():
        inner = unquote(text)
        begun = [found.start() for found in _ARMED.finditer(inner)]
        encoded = [inner[start:] for start in begun[1:]]
    else:
        encoded = []
    ends = [*begins[1:], len(text)]
    plain = [text[start:end] for start, end in zip(begins, ends, strict=True)]
    return tuple(url for part in (*plain, *encoded) if (url := parsed(part)) is not None)


def _split_scheme(text: str) -> tuple[str, str]:
    found = _ARMED.match(text)
    if found is None:
        return "", text
    secure = text[4:5] in {"s", "S"}
    return "https" if secure else "http", text[found.end() :].lstrip("/\\")


def _split_port(hostport: str) -> tuple[str, int | None]:
    if hostport.startswith("["):
        host, _, tail = hostport[1:].partition("]")
        digits = tail.removeprefix(":")
    elif hostport.count(":") > 1:  # IPv6 without its brackets
        return hostport, None
    else:
        host, _, digits = hostport.partition(":")
    known = digits.isascii() and digits.isdigit() and len(digits) <= 5
    return host, int(digits) if known else None
