"""A worker that dies takes its requests with it."""

from typing import Final

from gateway.edge.lint.danger import Danger, Found
from gateway.edge.lint.setup import Setup


def _find(setup: Setup) -> Found:
    for one in setup.askers:
        policy = one.config["grpc_service.retry_policy"]
        if not policy.given:
            yield one.config["grpc_service"], f"{one.name} asks one worker only"


DANGER: Final = Danger(
    name="workers-retry",
    level="advice",
    reason="what has not been answered yet could be asked of another worker",
    fix="give grpc_service a retry_policy with previous_hosts, as the snippet does",
    find=_find,
)
