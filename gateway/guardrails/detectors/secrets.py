"""Credentials in texts: keys of providers by their published formats, private key blocks, tokens,
passwords in addresses, headers and assignments.

Pure: no I/O, no clock. Keys of known form have a score of 0.95; what is told by the name that it
is assigned to has 0.8. Placeholders (AKIAIOSFODNN7EXAMPLE, `${TOKEN}`, "your-api-key") are none.
A password that no word announces is not found: it looks like any other word.
"""

from typing import Final

from gateway.guardrails.detector import Detector, NoOptions, Prepared
from gateway.guardrails.kind import Kind, catalogue
from gateway.guardrails.secrets.addressed import ADDRESSED
from gateway.guardrails.secrets.assigned import ASSIGNED
from gateway.guardrails.secrets.authorization import AUTHORIZATION
from gateway.guardrails.secrets.clouds import CLOUDS
from gateway.guardrails.secrets.forges import FORGES
from gateway.guardrails.secrets.jwt import JWT
from gateway.guardrails.secrets.messaging import MESSAGING
from gateway.guardrails.secrets.models import MODELS
from gateway.guardrails.secrets.payments import PAYMENTS
from gateway.guardrails.secrets.private_keys import PRIVATE_KEY
from gateway.guardrails.secrets.services import SERVICES

_KINDS: Final[tuple[Kind, ...]] = (
    *CLOUDS,
    *FORGES,
    *MODELS,
    *MESSAGING,
    *PAYMENTS,
    *SERVICES,
    PRIVATE_KEY,
    JWT,
    *ADDRESSED,
    *AUTHORIZATION,
    *ASSIGNED,
)


def _prepare(options: NoOptions) -> Prepared:
    del options
    return Prepared(patterns=tuple(pattern for kind in _KINDS for pattern in kind.patterns))


DETECTOR: Final = Detector(
    name="secrets",
    summary="Credentials: provider keys, private keys, tokens, passwords.",
    categories=catalogue(_KINDS),
    options=NoOptions,
    prepare=_prepare,
)
