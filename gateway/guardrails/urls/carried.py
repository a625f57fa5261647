"""What the URL of an image carries out. Pure: no I/O, no clock.

A chat client loads an image without asking; what a model was told to put into its URL is then with
whoever serves it (OWASP LLM05:2025).
"""

import re
from typing import Final

_PLACEHOLDER: Final = re.compile(
    r"\{\{?[^{}]{1,80}\}|\$\{?[a-z_]|%7b|\[[a-z _-]{3,60}\]|<[a-z _-]{3,60}>|"
    r"=(?:data|summary|secret|conversation|history|chat)_?(?:here)?(?:$|&)",
    re.IGNORECASE,
)
_SIGNED: Final = re.compile(
    r"(?:x-(?:amz|goog)-|signature|sig|expires|key-pair-id|policy|se|sp|sv|sr|hmac|hash|token|jwt|v)=",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"(?:[a-z]{2,}(?:%20|\+|%0a|[-_])){4,}", re.IGNORECASE)
_BLOB: Final = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")


def carried(rest: str) -> float | None:
    """How surely the path and query of an image's URL carry a text out: what a model was told to
    fill in, words one after the other, or a long encoded value."""
    path, _, query = rest.partition("?")
    if _PLACEHOLDER.search(query):
        return 0.85
    if _WORDS.search(query):
        return 0.75 if len(query) >= 40 else 0.5
    blobs = [found[0] for found in _BLOB.finditer(query)]
    if blobs:
        return 0.4 if _SIGNED.search(query) else 0.7
    if len(query) >= 200:
        return 0.4 if _SIGNED.search(query) else 0.65
    return 0.4 if len(query) >= 80 or any(len(one) > 120 for one in path.split("/")) else None
