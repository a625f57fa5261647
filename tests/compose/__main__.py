"""`python -m tests.compose`: docker-compose.yml for real, with a policy edit and killed containers
while official clients send traffic. Exit code 0 if all went as it should."""

import asyncio
import logging
import sys
import time
from typing import cast

from tests.compose.deployment import Deployment, deployment
from tests.compose.engine import EngineError, engine_answers
from tests.compose.flow import FlowError
from tests.compose.hardening import check_containers
from tests.compose.scenario import run_scenario


def say(text: str) -> None:
    """A line of progress, with the seconds since the start."""
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)  # noqa: T201


def main() -> int:
    """Everything, in order; the exit status."""
    logging.disable(logging.CRITICAL)  # the MCP client logs each lost connection with a traceback
    if not engine_answers():
        say("no Docker engine answers")
        return 1
    try:
        with deployment() as deployed:
            return _run(deployed)
    except EngineError as error:
        say(f"FAILED: {error}")
        return 1


def _run(deployed: Deployment) -> int:
    missing = deployed.missing_images()
    if missing:
        say(f"FAILED: not here, and cannot be pulled: {', '.join(missing)}")
        return 1
    say("building images")
    deployed.build()
    say("docker-compose up")
    deployed.up()
    say(f"up; traffic goes to {deployed.url}")
    try:
        check_containers(deployed, say)
        asyncio.run(run_scenario(deployed, say))
    except (AssertionError, EngineError, FlowError, ExceptionGroup) as error:
        say(f"FAILED: {_reason(error)}\n{deployed.logs()}")
        return 1
    say("passed")
    return 0


def _reason(error: BaseException) -> str:
    while isinstance(error, ExceptionGroup):  # of the flow's tasks
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return f"{type(error).__name__}: {error}"


STARTED = time.monotonic()

if __name__ == "__main__":
    sys.exit(main())
