"""Hosts that look like those of somebody else. Pure: no I/O, no clock.

Unicode Technical Standard 39, sections 4 (confusables) and 5 (mixed scripts); RFC 3492 for what
punycode says; the usual tricks of phishing: a brand with words of trust around it, or a whole brand
host as names below another one.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Final

from gateway.guardrails.confusable import skeleton
from gateway.guardrails.urls.suffix import is_suffix, registrable

_BRAND_NAMES: Final = """
adobe airbnb alibaba aliexpress amazon americanexpress anthropic apple atlassian bankofamerica
barclays binance bitbucket blockchain capitalone chase citibank cloudflare coinbase deepseek
deutschebank docusign dropbox ebay facebook fedex github gitlab google gmail hotmail hsbc
huggingface icloud instagram kraken linkedin mastercard metamask microsoft netflix nvidia
office365 okta onedrive openai oracle outlook paypal paypay postbank revolut robinhood
salesforce samsung santander sharepoint shopify slack snapchat sparkasse spotify steamcommunity
steampowered stripe telegram tiktok trustwallet twitter usps venmo wellsfargo whatsapp yahoo
youtube
"""
BRANDS: Final = frozenset(_BRAND_NAMES.split())
_TRUST: Final = re.compile(
    r"(?:log-?in|sign-?in|secur|verif|account|update|wallet|auth|bank|confirm|unlock|billing|"
    r"recover|password|support|service|helpdesk|customer|invoice|refund|alert|suspend|id(?![a-z])|"
    r"sso|web-?mail|claim|airdrop|bonus|gift)"
)
_LONG: Final = 7
"""Letters from which on a brand with one wrong letter is still nothing but that brand."""

_MIXABLE: Final = ({"HAN", "HIRAGANA", "KATAKANA"}, {"HAN", "HANGUL"}, {"HAN", "BOPOMOFO"})
"""Scripts that one label may mix (UTS 39, 5.2, "highly restrictive"), next to Latin."""


class Brands:
    """The names that hosts may not look like: well-known ones and `more`, as labels of a host
    ("example" of example.com)."""

    def __init__(self, more: Collection[str] = ()) -> None:
        self._skeletons = {skeleton(name): name for name in sorted({*BRANDS, *more})}
        self._names = frozenset(self._skeletons.values())
        typos = {typo: n for n in self._names if len(n) >= _LONG for typo in _typos(n)}
        self._typos = {typo: name for typo, name in typos.items() if typo not in self._names}
        longest_first = sorted(self._skeletons, key=lambda one: (-len(one), one))
        self._inside = re.compile("|".join(map(re.escape, longest_first)))

    def score(self, host: str) -> float | None:
        """How surely a host (in lower case, Unicode or punycode) wants to be taken for another."""
        shown = _decoded(host)
        labels = shown.split(".")
        label, suffix = registrable(shown)
        if not label:
            return None
        found = [self._label_score(label), self._below_score(labels, suffix)]
        if not shown.isascii():
            found.append(0.7 if any(_is_mixed(one) for one in labels) else None)
        return max((score for score in found if score is not None), default=None)

    def _label_score(self, label: str) -> float | None:
        if label in self._names:
            return None
        look = skeleton(label)
        if look in self._skeletons or skeleton(label.replace("-", "")) in self._skeletons:
            return 0.9
        if label in self._typos:
            return 0.65
        return self._composed_score(label, look)

    def _composed_score(self, label: str, look: str) -> float | None:
        """A brand among other words: paypal-login, secure-paypal, paypa1account."""
        found = self._inside.search(look)
        if found is None or len(found[0]) < 5:
            return None
        name = self._skeletons[found[0]]
        disguised = name not in label
        rest = label.replace(name, "-") if not disguised else look.replace(found[0], "-")
        apart = {part for part in re.split(r"[-_]", rest) if part}
        if disguised and not (apart and _TRUST.search(rest)) and len(name) < _LONG:
            return None
        if disguised:
            return 0.7 if "-" in label or _TRUST.search(rest) else 0.4
        return 0.65 if _TRUST.search(rest) else None

    def _below_score(self, labels: list[str], suffix: str) -> float | None:
        """A brand's own host as names below another domain: paypal.com.example.ru, also with the
        brand's own ending as part of a label, paypal.com-verify.ru."""
        below = labels[: -suffix.count(".") - 2]
        own = labels[-suffix.count(".") - 2]
        if own in self._names:
            return None
        for index, one in enumerate(below):
            if skeleton(one) not in self._skeletons:
                continue
            following = (*below[index + 1 :], own)
            ending = re.split(r"[-_]", following[0])[0]
            if ending in {"com", "net", "org", "co"} or (
                len(following) > 1 and len(ending) > 2 and is_suffix(ending)
            ):
                return 0.85
            if one not in self._names:
                return 0.6
        return None


def _decoded(host: str) -> str:
    """Labels of punycode as the Unicode text that a browser may show."""
    if "xn--" not in host:
        return host
    return ".".join(map(_decoded_label, host.split(".")))


def _decoded_label(label: str) -> str:
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return label


def _is_mixed(label: str) -> bool:
    """Whether a label mixes scripts that no language mixes."""
    scripts = {_script(one) for one in label if one.isalpha()}
    if len(scripts) < 2:
        return False
    return not any(scripts - {"LATIN"} <= allowed for allowed in _MIXABLE)


def _script(one: str) -> str:
    """The first word of a character's name, which for letters is that of their script."""
    first = unicodedata.name(one, "UNKNOWN").split()[0]
    return {"CJK": "HAN", "FULLWIDTH": "LATIN", "MATHEMATICAL": "MATH"}.get(first, first)


def _typos(name: str) -> set[str]:
    """The name with a letter left out, doubled, or changed for the next one."""
    spots = range(len(name))
    left_out = {name[:n] + name[n + 1 :] for n in spots}
    doubled = {name[:n] + name[n] + name[n:] for n in spots}
    swapped = {name[:n] + name[n + 1] + name[n] + name[n + 2 :] for n in spots[:-1]}
    return (left_out | doubled | swapped) - {name}
