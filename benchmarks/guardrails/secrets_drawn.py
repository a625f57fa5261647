"""Keys made up from the published formats of their issuers, and what only looks like one.

Only the form is right: each is drawn from a seed and opens nothing. Prefixes are put together here,
so that no scanner of sources takes a table of formats for leaked keys.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Final

_UPPER: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LOWER: Final = _UPPER.lower()
_DIGITS: Final = "0123456789"
_WORD: Final = _UPPER + _LOWER + _DIGITS
_HEX: Final = _DIGITS + "abcdef"
_BASE32: Final = _UPPER + "234567"
_B64: Final = _WORD + "+/"

Draw = Callable[[Random], str]


def _signs(alphabet: str, count: int) -> Draw:
    return lambda random: "".join(random.choices(alphabet, k=count))


def _form(*parts: str | Draw) -> Draw:
    return lambda random: "".join(one if isinstance(one, str) else one(random) for one in parts)


def _jwt(random: Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"sub": str(random.randint(10**6, 10**9)), "iat": random.randint(10**9, 2 * 10**9)}
    signature = _signs(_WORD + "-_", 43)(random)
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{signature}"


def _private_key(random: Random) -> str:
    lines = "\n".join(_signs(_B64, 64)(random) for _ in range(12))
    return f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{lines}\n-----END RSA {'PRIVATE'} KEY-----"


FORMS: Final[Mapping[str, Draw]] = {
    "aws": _form("AK" + "IA", _signs(_BASE32, 16)),
    "gcp": _form("AI" + "za", _signs(_WORD + "-_", 35)),
    "github": _form("gh" + "p_", _signs(_WORD, 36)),
    "github, fine-grained": _form("github" + "_pat_", _signs(_WORD, 22), "_", _signs(_WORD, 59)),
    "gitlab": _form("gl" + "pat-", _signs(_WORD, 20)),
    "npm": _form("np" + "m_", _signs(_WORD, 36)),
    "slack": _form(
        "xo" + "xb-", _signs(_DIGITS, 12), "-", _signs(_DIGITS, 12), "-", _signs(_WORD, 24)
    ),
    "stripe": _form("sk" + "_live_", _signs(_WORD, 24)),
    "openai": _form("sk" + "-", _signs(_WORD, 20), "T3Blbk" + "FJ", _signs(_WORD, 20)),
    "anthropic": _form("sk" + "-ant-api03-", _signs(_WORD + "-_", 93), "AA"),
    "hugging face": _form("h" + "f_", _signs(_UPPER + _LOWER, 34)),
    "groq": _form("gs" + "k_", _signs(_WORD, 52)),
    "sendgrid": _form("S" + "G.", _signs(_WORD, 22), ".", _signs(_WORD, 43)),
    "digitalocean": _form("do" + "p_v1_", _signs(_HEX, 64)),
    "jwt": _jwt,
    "private key": _private_key,
}
"""By who issues them."""

_FRAMES: Final = (
    "{v}",
    "The key is {v}, please do not lose it.",
    'api_key = "{v}"\nclient = Client(api_key)\n',
    '{{"user": "kim", "token": "{v}", "size": 42}}',
    "2031-03-05T10:22:31Z INFO [worker-3] token={v} status=200",
    "export TOKEN={v}\n",
    "curl -H 'Authorization: Bearer {v}' https://api.example/v1",
    "person:\n  name: Kim\n  key: {v}\n",
)
_LOOKALIKES: Final[tuple[Draw, ...]] = (
    _form("commit ", _signs(_HEX, 40)),
    _form("sha256:", _signs(_HEX, 64)),
    _form('etag: W/"', _signs(_HEX, 32), '"'),
    lambda random: f"id {random.getrandbits(128):032x} of 128 bits",
    _form("integrity sha512-", _signs(_B64, 86), "=="),
    _form("data:image/png;base64,iVBORw0KGgo", _signs(_B64, 400)),
    lambda _: "AK" + "IAIOSFODNN7" + "EXAMPLE is what the manual shows",
    lambda _: 'api_key = "your-api-key-here"',
    lambda _: "password: ${DB_PASSWORD}",
    lambda _: 'token = os.environ["GITHUB_TOKEN"]',
    lambda _: "gh" + "p_" + "x" * 36,
    _form("request_id=", _signs(_HEX, 8), "-", _signs(_HEX, 4), "-4", _signs(_HEX, 3)),
    _form("arn:aws:s3:::bucket-", _signs(_LOWER, 12)),
    _form("s3://backup/", _signs(_DIGITS, 8), "/", _signs(_HEX, 40), ".tar.gz"),
)


def keys(each: int, seed: int = 1) -> Iterator[str]:
    """`each` texts for every form, with one key in each."""
    for name, draw in FORMS.items():
        random = Random(f"{name}-{seed}")
        for _ in range(each):
            yield random.choice(_FRAMES).format(v=draw(random))


def lookalikes(count: int, seed: int = 1) -> Iterator[str]:
    """Texts with digests, placeholders, references: no key in any."""
    random = Random(f"lookalikes-{seed}")
    for _ in range(count):
        yield random.choice(_LOOKALIKES)(random)
