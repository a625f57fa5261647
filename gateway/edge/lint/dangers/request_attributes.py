"""What the gateway has to know of a request beside its headers and body."""

from typing import Final

from gateway.edge.ext_proc import PEER_ATTRIBUTE, REQUEST_ATTRIBUTES, RESPONSE_ATTRIBUTES
from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Manager, Setup

_TRUST: Final = (
    "validation_context",
    "validation_context_sds_secret_config",
    "combined_validation_context",
)
_WANTED: Final = {
    "request_attributes": REQUEST_ATTRIBUTES,
    "response_attributes": RESPONSE_ATTRIBUTES,
}


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        one = manager.processor
        if one is None:
            continue
        for key, wanted in _WANTED.items():
            place = one.config[key]
            listed = {item.text for item in place.items}
            also = (PEER_ATTRIBUTE,) if key == "request_attributes" and _mutual(manager) else ()
            missing = [name for name in (*wanted, *also) if name not in listed]
            if missing:
                yield place, f"{one.name} does not send {', '.join(missing)}"


def _mutual(manager: Manager) -> bool:
    """Whether clients show certificates that somebody verifies."""
    return any(node[key].given for node in manager.listener.walk() for key in _TRUST)


DANGER: Final = Danger(
    name="request-attributes",
    level="danger",
    reason="the gateway does not learn which route was chosen (and refuses), who the peer is, or "
    "which replica has a session",
    fix="list them, as the snippet does",
    find=_find,
)
