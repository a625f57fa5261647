"""What is known of proxies that somebody else configures. No I/O, no clock."""

from dataclasses import dataclass

from gateway.config.picker_protocol import ToldName
from gateway.config.wiring import Wiring


@dataclass(frozen=True, slots=True)
class ForeignProxy:
    """What the operator says of proxies without configuration of ours: see `PickerProtocol`.

    `anybody`: nothing shows who opens a stream, so that nobody is taken for an Envoy that we have
    configured, whose word counts for more."""

    listener: str
    timeout: float
    fallbacks: int = 0
    overrides: bool = False
    tell: tuple[ToldName, ...] = ()
    keeps_credentials: bool = False
    anybody: bool = False

    def wiring(self, *, duplex: bool, sends_response: bool) -> Wiring:
        """That of one stream: whether the request comes in full duplex, and whether the body of the
        response comes by itself."""
        return Wiring(
            self.listener,
            "duplex" if duplex else "buffered",
            override=True,  # the head of a response is sent, or asked for
            timeout=self.timeout,
            foreign=True,
            # Envoy obeys no mode_override in full duplex.
            reads=sends_response or (self.overrides and not duplex),
        )
