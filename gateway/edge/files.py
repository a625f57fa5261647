"""The files that Envoy reads: one writer, whole files only, in an order that never leads nowhere.

A reload is: `write_endpoints`, then `write_clusters` with the old configuration still in it, and
when Envoy has taken both `write_routes`; after the drain `write_clusters` without the old one.
"""

import fcntl
import hashlib
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import betterproto2

from gateway.config.backend import Backend
from gateway.config.schema import Gateway
from gateway.edge.bootstrap import bootstrap
from gateway.edge.clusters import backend_cluster, load_assignment
from gateway.edge.credentials import credential_secret
from gateway.edge.layout import Layout
from gateway.edge.packing import discovery, to_json
from gateway.edge.routes import route_configuration
from gateway.edge.tls import listener_authority, listener_certificate


class EdgeLockedError(RuntimeError):
    """Another gateway already writes the files of this Envoy."""


@contextmanager
def sole_writer(directory: Path) -> "Generator[EnvoyFiles]":
    """The files of one Envoy, for as long as the block runs; the directory is made if needed.

    Raises EdgeLockedError if another process holds it. The lock ends with the process, however it
    ends.
    """
    layout = Layout(directory.resolve())
    for folder in (layout.directory, *(layout.directory / name for name in _FOLDERS)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with layout.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another gateway uses {directory}; give each its own service.run"
            raise EdgeLockedError(message) from None
        yield EnvoyFiles(layout)


_FOLDERS = ("endpoints", "credentials", "routes", "certificates", "authorities")


class EnvoyFiles:
    """Writes the files of one Envoy. Made by `sole_writer`.

    Every writing method returns the versions it wrote, by the keys that `edge.admin` reports:
    `clusters`, `routes/LISTENER` and `endpoints/BACKEND`. A version begins with the caller's
    `label` (the snapshot's number) and ends with a digest of the content.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def write_all(
        self,
        gateway: Gateway,
        workers: Sequence[str],
        health: Mapping[tuple[str, str], bool],
        label: str,
    ) -> dict[str, str]:
        """Everything, for an Envoy that is not running yet. `health` as in `load_assignment`."""
        versions = self.write_endpoints(gateway, health, label)
        versions |= self.write_clusters(gateway, label)
        versions |= self.write_routes(gateway, label)
        self.write_certificates(gateway)
        self.write_bootstrap(gateway, workers)
        return versions

    def write_bootstrap(self, gateway: Gateway, workers: Sequence[str]) -> None:
        """The file that Envoy is started with; a running one does not read it again."""
        text = to_json(bootstrap(gateway, self.layout, workers))
        replace_file(self.layout.bootstrap, text)

    def same_bootstrap(self, gateway: Gateway, workers: Sequence[str]) -> bool:
        """Whether a running Envoy, started with the bootstrap that was written, fits `gateway`."""
        return self.layout.bootstrap.read_text() == to_json(
            bootstrap(gateway, self.layout, workers)
        )

    def write_endpoints(
        self, gateway: Gateway, health: Mapping[tuple[str, str], bool], label: str
    ) -> dict[str, str]:
        """Endpoints of every backend and pool; files that would not change are left alone."""
        return {
            f"endpoints/{backend.name}": _write(
                self.layout.endpoints(backend.name), load_assignment(backend, health), label=label
            )
            for backend in gateway.upstreams
        }

    def write_clusters(
        self, gateway: Gateway, label: str, *, keep: Sequence[Gateway] = ()
    ) -> dict[str, str]:
        """Clusters and credentials, and those of `keep` (newest first) that `gateway` has no
        longer, which requests under way and old routes still need."""
        backends = {backend.name: backend for one in reversed(keep) for backend in one.upstreams}
        backends |= {backend.name: backend for backend in gateway.upstreams}
        for backend in backends.values():
            self._write_credential(backend, label)
        clusters = [
            backend_cluster(
                backend,
                gateway.limits,
                self.layout.endpoints(backend.name),
                self.layout.credential(backend.name),
            )
            for backend in backends.values()
        ]
        return {"clusters": _write(self.layout.clusters, *clusters, label=label)}

    def write_routes(self, gateway: Gateway, label: str) -> dict[str, str]:
        """Routes of every listener."""
        return {
            f"routes/{listener.name}": _write(
                self.layout.routes(listener.name),
                route_configuration(gateway, listener),
                label=label,
            )
            for listener in gateway.listeners
        }

    def write_certificates(self, gateway: Gateway) -> None:
        """Certificates of listeners and the authorities of their clients, as their PEM files are
        now; what has not changed is left alone. Raises OSError."""
        for listener in gateway.listeners:
            if listener.tls is None:
                continue
            secret = listener_certificate(listener.tls)
            _write(self.layout.certificate(listener.name), secret, label="tls")
            if listener.tls.client_ca is not None:
                secret = listener_authority(listener.tls.client_ca)
                _write(self.layout.authority(listener.name), secret, label="tls")

    def remove_unused(self, gateway: Gateway) -> None:
        """Deletes endpoints and credentials of backends that are gone; only after the drain."""
        names = {f"{backend.name}.json" for backend in gateway.upstreams}
        for folder in (self.layout.endpoints("").parent, self.layout.credential("").parent):
            for file in folder.glob("*.json"):
                if file.name not in names:
                    file.unlink()

    def _write_credential(self, backend: Backend, label: str) -> None:
        if backend.auth:
            secret = credential_secret(backend, backend.auth)
            _write(self.layout.credential(backend.name), secret, label=label)


def _write(path: Path, *resources: betterproto2.Message, label: str) -> str:
    content = "".join(to_json(resource) for resource in resources)
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    version = f"{label}-{digest}"
    replace_file(path, to_json(discovery(version, resources)))
    return version


def replace_file(path: Path, text: str) -> None:
    """Writes `path` at once and readable by its owner only, unless it already says the same."""
    if path.exists() and path.read_text() == text:
        return
    fresh = path.with_suffix(".new")
    with open(fresh, "w", opener=_private) as file:
        file.write(text)
    fresh.replace(path)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
