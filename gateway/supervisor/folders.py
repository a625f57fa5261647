"""The folders of a gateway that runs: paths of Unix sockets in them are short."""

import tempfile
from pathlib import Path

from gateway.config.checks import MAX_FOLDER_BYTES
from gateway.config.schema import Gateway
from gateway.supervisor.options import Options
from gateway.supervisor.start_error import StartError


def run_folder(gateway: Gateway, options: Options) -> Path:
    """The folder that Envoy and workers share. StartError where sockets cannot be in it."""
    folder = Path(gateway.service.run)
    for_sockets = not options.envoy and gateway.service.listen == "unix"
    if for_sockets and len(bytes(folder)) > MAX_FOLDER_BYTES:
        wanted = "set service.run to a shorter path"
        raise StartError(f"{folder} is too long for a socket; {wanted}")
    return folder


def private_folder() -> Path:
    """For sockets and the files of metrics: the run folder's path may be too long for a socket,
    and a killed run's sockets may still be in it."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="gatehouse-"))
    except OSError as error:
        raise StartError(f"no temporary folder: {error.strerror}") from error
    if len(bytes(folder)) > MAX_FOLDER_BYTES:
        folder.rmdir()
        raise StartError(f"{folder.parent} is too long for a socket; set TMPDIR to a shorter path")
    return folder
