"""Runs an ASGI application as a well-behaved process: one line when ready, quick to stop."""

import signal
import socket
import sys
from types import FrameType

import uvicorn
from starlette.applications import Starlette
from typing_extensions import override


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on `host:port`, port 0 for any free one; exits with 1 if it cannot."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        sys.exit(f"cannot listen: {error.strerror}")


class AnnouncingServer(uvicorn.Server):
    """Prints one line once connections are accepted, and nothing else."""

    path = "/"

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            print(f"ready http://{host}:{port}{self.path}", flush=True)  # noqa: T201  the one line


def serve(app: Starlette, listening: socket.socket, path: str = "/mcp") -> None:
    """Serves on the bound socket, announced with `path`, until SIGTERM or SIGINT, then exits with
    0."""
    for received in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal again once it has shut down; being asked to stop is no failure.
        signal.signal(received, exit_cleanly)
    config = uvicorn.Config(
        app,
        lifespan="on",
        # Cancelled streams would be logged as errors, one traceback for each.
        log_level="critical",
        # A client's open SSE stream would otherwise keep the process until the client goes.
        timeout_graceful_shutdown=0,
    )
    server = AnnouncingServer(config)
    server.path = path
    server.run(sockets=[listening])


def exit_cleanly(signum: int, frame: FrameType | None) -> None:
    """The signal handler of `serve`."""
    del signum, frame
    sys.exit(0)
