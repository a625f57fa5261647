"""Errors of Envoy's own that clients cannot read."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for manager in setup.asking:
        config = manager.node["local_reply_config"]
        if not config["mappers"].items:
            yield config, "Envoy's own errors are plain text"


DANGER: Final = Danger(
    name="local-replies",
    level="advice",
    reason="clients of JSON APIs take them for a broken connection",
    fix="take local_reply_config from the snippet",
    find=_find,
)
