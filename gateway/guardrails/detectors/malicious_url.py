"""URLs that lead to where nobody should go, or carry out what nobody should see.

Pure: no I/O, no clock. Lists come from files that somebody else reads (gateway/guardrails/urls/
lists.py); what looks wrong in itself is told by the shape of the URL: WHATWG URL Standard, and
the exfiltration by images in Markdown that many chat clients have had (OWASP LLM05:2025).
"""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Final
from urllib.parse import unquote

from pydantic import Field

from gateway.config.section import LocalPath, Section
from gateway.guardrails.detector import Detector, Prepared
from gateway.guardrails.pattern import Candidate, Pattern, Validate
from gateway.guardrails.urls.carried import carried
from gateway.guardrails.urls.ipv4 import ipv4
from gateway.guardrails.urls.lists import BOOK, UrlList, UrlSet, url_set
from gateway.guardrails.urls.lookalike import BRANDS, Brands
from gateway.guardrails.urls.suffix import is_suffix, site
from gateway.guardrails.urls.url import SCHEME, Url, parsed, urls_in

_Host = Annotated[str, Field(min_length=1, max_length=2_000)]

_SIGN: Final = r"[!#-&*-;=?-_a-z{}~]"
"""A character of a URL; quotes, angle and closing round brackets end it. ASCII alone, as the
engine takes far longer over repeats of anything else: hosts in other letters have a pattern of
their own."""

_URL: Final = rf"{SCHEME}{_SIGN}{{1,400}}"
_HOST_URL: Final = rf"{SCHEME}[\w.%@:\[\]()-]{{1,253}}"
_MOST: Final = 420
_OPENING: Final = SCHEME
_TAG: Final = r"[\t\n -;=?-~]"
_USUAL_PORTS: Final = frozenset(
    {80, 443, 3000, 5000, 5173, 8000, 8008, 8080, 8081, 8443, 8888, 9090}
)
_LOCAL: Final = ("localhost", "localhost.localdomain", "host.docker.internal")
_RESERVED: Final = ("example", "test", "invalid", "localhost", "local", "internal", "lan", "home")


class Options(Section):
    """Which lists count, and what is known to be good."""

    files: tuple[LocalPath, ...] = Field(
        default=(),
        max_length=50,
        description="Lists of bad hosts and URLs, one a line, or in the format of a hosts file. "
        "Read again when they change. `.example.com` stands for all names below it, too.",
    )
    hosts: tuple[_Host, ...] = Field(
        default=(), max_length=10_000, description="Further entries of such a list."
    )
    below: bool = Field(default=False, description="Names below listed hosts count as listed, too.")
    allow: tuple[_Host, ...] = Field(
        default=(),
        max_length=10_000,
        description="Hosts (`.example.com`: with all below) and URLs that are never a finding.",
    )
    brands: tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]{4,63}$")], ...] = Field(
        default=(),
        max_length=500,
        description="Further names that hosts must not look like: `acme` of acme.com.",
    )


def _prepared(options: Options) -> Prepared:
    return Prepared(patterns=_Patterns(options).all())


class _Patterns:
    def __init__(self, options: Options) -> None:
        lists = [BOOK.list(path) for path in options.files]
        own = UrlList("", _own(options.hosts, "hosts"))
        self._lists: Sequence[UrlList] = (*lists, own)
        self._any = bool(lists or options.hosts)
        self._below = options.below
        self._allowed = _own(options.allow, "allow")
        self._brands = Brands(options.brands)
        self._names = sorted({*BRANDS, *options.brands})

    def all(self) -> tuple[Pattern, ...]:
        listed = (
            self._url("listed_url", "malicious_url", _URL, self._is_listed),
            self._url("listed_idn", "malicious_url", _IDN, self._is_listed, raw=True),
            self._bare("listed_host", "malicious_url", _BARE, self._is_listed_bare),
        )
        return (*(listed if self._any else ()), *self._shapes(), *_SCRIPTS)

    def _shapes(self) -> tuple[Pattern, ...]:
        return (
            self._url("lookalike_url", "lookalike_url", _HOST_URL, self._looks_alike),
            self._url("lookalike_idn", "lookalike_url", _IDN, self._looks_alike, raw=True),
            *(
                self._bare(f"lookalike_host_{number}", "lookalike_url", regex, self._bare_alike)
                for number, regex in enumerate(_named_hosts(self._names))
            ),
            Pattern(
                "ip_literal",
                _IP_URL,
                "ip_literal_url",
                validate=self._ip_literal,
                longest=_MOST,
                caseless=True,
                opening=_OPENING,
            ),
            self._url("userinfo", "userinfo_url", _USERINFO, self._has_userinfo),
            self._url("unusual_port", "unusual_port_url", _PORT, self._has_unusual_port),
            Pattern(
                "markdown_link",
                rf"\[[ -Z^-~]{{1,200}}\]\([ ]{{0,3}}<?{SCHEME}{_SIGN}{{1,400}}",
                "deceptive_link",
                validate=self._deceives,
                longest=_MOST + 64,
                caseless=True,
            ),
            Pattern(
                "html_link",
                rf"<a\s{_TAG}{{0,200}}href\s{{0,3}}=\s{{0,3}}[\"']?{SCHEME}{_SIGN}{{1,400}}"
                rf"{_TAG}{{0,200}}>[ -;=-~]{{1,100}}</a",
                "deceptive_link",
                validate=self._deceives_in_html,
                longest=1_100,
                caseless=True,
            ),
            Pattern(
                "markdown_image",
                rf"\]\([ ]{{0,3}}<?{SCHEME}{_SIGN}{{20,999}}",
                "exfiltration_url",
                validate=self._image_carries_out,
                longest=1_100,
                caseless=True,
                opening=r"\]\([ ]{0,3}<?h",
            ),
            Pattern(
                "html_image",
                rf"<(?:img|iframe|script|source|video|audio|embed)\s{_TAG}{{0,200}}src\s{{0,3}}=\s{{0,3}}"
                rf"[\"']?{SCHEME}{_SIGN}{{20,999}}",
                "exfiltration_url",
                validate=self._carries_out,
                longest=1_250,
                caseless=True,
                opening=r"<(?:img|iframe|script|source|video|audio|embed)\s[^<>]{0,1000}",
            ),
        )

    def _url(
        self,
        name: str,
        category: str,
        regex: str,
        score: Callable[[Url], float | None],
        *,
        raw: bool = False,
    ) -> Pattern:
        return Pattern(
            name,
            regex,
            category,
            longest=_MOST,
            caseless=True,
            validate=self._any_url(score),
            raw=raw,
            opening=_OPENING,
        )

    def _any_url(self, score: Callable[[Url], float | None]) -> Validate:
        def validate(found: Candidate) -> float | None:
            known = [score(url) for url in urls_in(found.text) if not self._allowed.has(url)]
            return max((one for one in known if one is not None), default=None)

        return validate

    @staticmethod
    def _bare(name: str, category: str, regex: str, validate: Validate) -> Pattern:
        return Pattern(name, regex, category, longest=300, caseless=True, validate=validate)

    def _is_listed(self, url: Url) -> float | None:
        for one in self._lists:
            if one.urls is not None and one.urls.has(url, below=self._below):
                return 1.0
        return None

    def _is_listed_bare(self, found: Candidate) -> float | None:
        url = parsed(found.text)
        if url is None or found.before.endswith(("://", "@")) or self._allowed.has(url):
            return None
        return self._is_listed(url)

    def _looks_alike(self, url: Url) -> float | None:
        return self._brands.score(url.host)

    def _bare_alike(self, found: Candidate) -> float | None:
        begun = _HOST_BEFORE.search(found.before)
        begin = begun.start() if begun is not None else len(found.before)
        if found.before[:begin].endswith("://"):
            return None
        url = parsed(found.before[begin:] + found.text.rstrip(".-"))
        if url is None or self._allowed.has(url):
            return None
        return self._brands.score(url.host)

    def _ip_literal(self, found: Candidate) -> float | None:
        """The host has to end where the match does: 7-zip.org is a name."""
        whole = re.search(r"//[^/?#]*[:/?#]", found.text) is not None
        url = parsed(found.text)
        if url is None or self._allowed.has(url) or not (whole or _ends(found.after)):
            return None
        address = ipv4(url.host)
        if address is None:
            return None
        if url.written.lower() != url.host:
            return 0.9
        return 0.4 if address.is_global else None

    def _has_userinfo(self, url: Url) -> float | None:
        name = url.userinfo.partition(":")[0]
        if not url.userinfo or (url.host in _LOCAL or _is_reserved(url.host)):
            return None
        last = unquote(name).rstrip("/").rpartition("/")[2].lower()
        claims_host = "." in last and is_suffix(last.rpartition(".")[2])
        return 0.9 if claims_host and site(last) != site(url.host) else 0.4

    def _has_unusual_port(self, url: Url) -> float | None:
        if url.port is None or url.port in _USUAL_PORTS or url.host in _LOCAL:
            return None
        address = ipv4(url.host)
        if address is not None:
            return 0.65 if address.is_global else None
        return 0.4 if "." in url.host and not _is_reserved(url.host) else None

    def _deceives(self, found: Candidate) -> float | None:
        shown, _, target = found.text[1:].partition("](")
        return self._leads_elsewhere(shown, target.lstrip(" <"))

    def _deceives_in_html(self, found: Candidate) -> float | None:
        tag, _, shown = found.text.partition(">")
        href = re.search(rf"href\s*=\s*[\"']?({_URL})", tag, re.IGNORECASE)
        return self._leads_elsewhere(shown.removesuffix("</a"), href[1]) if href else None

    def _leads_elsewhere(self, shown: str, target: str) -> float | None:
        there = parsed(target)
        named = _HOST_IN_TEXT.search(shown)
        if there is None or named is None or self._allowed.has(there):
            return None
        claimed = parsed(named[0])
        if claimed is None or not is_suffix(claimed.host.rpartition(".")[2]):
            return None
        if site(claimed.host) == site(there.host) or claimed.host in there.rest:
            return None
        return (
            0.7 if named[0].lower().startswith(("http", "www.")) or len(shown.split()) == 1 else 0.5
        )

    def _image_carries_out(self, found: Candidate) -> float | None:
        """The same URL as a link has to be clicked."""
        score = self._carries_out(found)
        text, opening, _ = found.before.rpartition("[")
        link = opening == "[" and not text.endswith("!")
        return min(score, 0.5) if score is not None and link else score

    def _carries_out(self, found: Candidate) -> float | None:
        begin = re.search(SCHEME, found.text, re.IGNORECASE)
        url = parsed(found.text[begin.start() :]) if begin is not None else None
        return None if url is None or self._allowed.has(url) else carried(url.rest)


def _ends(after: str) -> bool:
    """Whether nothing follows that could be part of a host."""
    return re.match(r"[\w-]|\.\w|:[\da-f]", after, re.IGNORECASE) is None


def _own(entries: Sequence[str], option: str) -> UrlSet:
    found, bad = url_set(entries)
    if bad:
        raise ValueError(f"{option}[{bad[0] - 1}] is no host, address or URL")
    return found


def _is_reserved(host: str) -> bool:
    """Names that lead nowhere or stay at home (RFC 2606, RFC 6761)."""
    return host.rpartition(".")[2] in _RESERVED or site(host) in {
        "example.com",
        "example.org",
        "example.net",
    }


_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOT: Final = r"(?:\.|\[\.\]|\(\.\)|\[dot\]|\(dot\))"
_BARE: Final = rf"\b{_LABEL}(?:{_DOT}{_LABEL}){{1,8}}(?::[0-9]{{1,5}})?(?:/{_SIGN}{{0,200}})?"
_HOST_IN_TEXT: Final = re.compile(
    rf"(?:{SCHEME})?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)*\.[a-z]{{2,24}}(?![\w.-]*\()",
    re.IGNORECASE,
)
_IDN: Final = rf"{SCHEME}[\w.%@:-]{{0,60}}[^\x00-\x7f](?:[\w.-]|[^\x00-\x7f]){{0,20}}"
_USER: Final = r"[\w.~!$&*+,;=:%-]"
_NUMBER: Final = r"(?:0x[0-9a-f]{1,16}|[0-9]{1,12})"
_IP_URL: Final = (
    SCHEME + rf"(?:{_USER}{{0,100}}@)?{_NUMBER}(?:\.{_NUMBER}){{0,3}}(?:[:/?#]{_SIGN}{{0,200}})?"
)
_USERINFO: Final = SCHEME + rf"{_USER}{{1,200}}@[\w.-]{{1,253}}"
_PORT: Final = SCHEME + r"[\w.@\[\]-]{1,200}:[0-9]{2,5}\b"

_SPELLINGS: Final = (
    *(("a", "4"), ("b", "8"), ("e", "3"), ("g", "9"), ("g", "q"), ("i", "1"), ("i", "l")),
    *(("l", "1"), ("l", "i"), ("o", "0"), ("s", "5"), ("t", "7"), ("m", "rn"), ("w", "vv")),
    ("d", "cl"),
)
_A_GROUP: Final = 100
"""Names of one pattern; see gateway/guardrails/word_patterns.py."""


def _disguises(name: str) -> frozenset[str]:
    """A name and how it is written to be taken for it: one letter, or all of a kind, replaced."""
    made = {name}
    for letter, other in _SPELLINGS:
        spots = [spot for spot, one in enumerate(name) if one == letter]
        made.update(name[:spot] + other + name[spot + 1 :] for spot in spots)
        made.add(name.replace(letter, other))
    return frozenset(made)


def _named_hosts(names: Sequence[str]) -> tuple[str, ...]:
    """Expressions for bare hosts with one of the names, or a disguise of it, in them: from there
    to the end of the host. Literals first, which cost the engine nothing where there are none."""
    known = sorted({one for name in names for one in _disguises(name)}, key=_longest_first)
    groups = [known[start : start + _A_GROUP] for start in range(0, len(known), _A_GROUP)]
    return tuple(rf"(?:{'|'.join(one)})[a-z0-9-]{{0,40}}\.[a-z0-9.-]{{1,60}}" for one in groups)


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name


_HOST_BEFORE: Final = re.compile(r"[a-z0-9.-]*$", re.IGNORECASE)


_AS_TARGET: Final = re.compile(
    r"(?:(?:href|src|action)\s{0,3}=\s{0,3}|\]\()[\s\"'<]{0,3}$", re.IGNORECASE
)


def _runs_script(found: Candidate) -> float | None:
    if _AS_TARGET.search(found.before) is None:
        return None
    code = unquote(found.text.partition(":")[2]).strip().rstrip(";)").lower()
    return None if code in {"void(0", "void 0", "", "//", "false"} else 0.65


_SCRIPTS: Final = (
    Pattern(
        "script_url",
        r"(?:javascript|vbscript|livescript):[!#-&(-;=?-~]{1,300}",
        "script_url",
        validate=_runs_script,
        longest=400,
        caseless=True,
    ),
    Pattern(
        "data_url",
        r"data:(?:text/html|application/xhtml\+xml|image/svg\+xml|text/javascript|application/"
        r"javascript)[!#-&(-;=?-~]{1,300}",
        "script_url",
        validate=_runs_script,
        longest=500,
        caseless=True,
    ),
)

DETECTOR: Final = Detector(
    name="malicious_url",
    summary="URLs and hosts on lists, look-alikes, hidden addresses, links that leak.",
    categories={
        "malicious_url": "A host or URL on one of the lists.",
        "lookalike_url": "A host that looks like a brand's: homoglyphs, typos, names around it.",
        "ip_literal_url": "An address in place of a host; from MEDIUM on in a disguised form.",
        "userinfo_url": "A user name before the host; HIGH where it reads as another host.",
        "unusual_port_url": "A port that web servers do not use.",
        "script_url": "A link that runs a script: javascript:, data:text/html.",
        "deceptive_link": "A link whose text names another site than it leads to.",
        "exfiltration_url": "An image whose URL carries a text out.",
    },
    options=Options,
    prepare=_prepared,
)
