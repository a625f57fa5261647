"""The type of `tools` in gateway.yaml: how the gateway watches what MCP servers offer."""

from typing import Literal

from pydantic import Field

from gateway.config.section import Seconds, Section


class Tools(Section):
    """What MCP servers offer is compared with what was reviewed of it, tools.lock.yaml
    (docs/tools.md). Backends that it names are pinned."""

    list_every: Seconds = Field(
        default=60, description="Between two looks of the gateway itself at the tools of a backend."
    )
    watch: Literal["pinned", "all"] = Field(
        default="pinned",
        description="Which MCP backends are looked at: those that are pinned, or all of them, so "
        "that what Guardrails leave out of lists is not called either.",
    )
    unobserved: Literal["allow", "refuse"] = Field(
        default="allow",
        description="Calls to pinned tools of a backend that could never be looked at. Its lists "
        "are judged in either case.",
    )
    shadowed: Literal["refuse", "allow"] = Field(
        default="refuse",
        description="Tools that nobody has reviewed with a name that is, or looks like, that of "
        "a pinned tool of another backend.",
    )
