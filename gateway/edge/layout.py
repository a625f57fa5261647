"""Where Envoy's files lie in their directory. Names only: nothing is opened here."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The files of one Envoy below an absolute directory.

    Routes and endpoints have a file per listener and per backend: Envoy accepts exactly one
    resource in an answer to such a subscription.
    """

    directory: Path

    @property
    def lock(self) -> Path:
        """Held by the one writer."""
        return self.directory / "writer.lock"

    @property
    def bootstrap(self) -> Path:
        """What Envoy is started with."""
        return self.directory / "bootstrap.json"

    @property
    def envoy_admin(self) -> Path:
        """The socket of Envoy's admin address, if it has one in place of a port."""
        return self.directory / "envoy-admin.sock"

    def worker(self, index: int) -> Path:
        """The socket of one worker, for an Envoy that runs elsewhere: the gateway that is started
        again has the addresses that are in the bootstrap."""
        return self.directory / f"worker-{index}.sock"

    @property
    def log(self) -> Path:
        """What Envoy says, if the gateway started it."""
        return self.directory / "envoy.log"

    @property
    def clusters(self) -> Path:
        """All backends (CDS)."""
        return self.directory / "clusters.json"

    def endpoints(self, backend: str) -> Path:
        """Endpoints of one backend (EDS)."""
        return self.directory / "endpoints" / f"{backend}.json"

    def credential(self, backend: str) -> Path:
        """The credential of one backend (SDS)."""
        return self.directory / "credentials" / f"{backend}.json"

    def certificate(self, listener: str) -> Path:
        """The certificate and key of one listener (SDS)."""
        return self.directory / "certificates" / f"{listener}.json"

    def authority(self, listener: str) -> Path:
        """Who signs the certificates of one listener's clients (SDS)."""
        return self.directory / "authorities" / f"{listener}.json"

    def routes(self, listener: str) -> Path:
        """Routes of one listener (RDS)."""
        return self.directory / "routes" / f"{listener}.json"
