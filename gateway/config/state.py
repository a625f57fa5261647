"""The type of `state` in gateway.yaml: where gateways share what outlives a request."""

from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr

from gateway.config.section import LocalPath, Seconds, Section

MEMORY: Final = "memory"


class State(Section):
    """Where gateways that serve the same pools share what each has placed: a Redis, or Valkey, of
    version 6.2 or newer. `state: URL` alone is the same as `state: {url: URL}`.

    What they write there is sealed with the keys of `sessions`, which they need in common.
    """

    url: str = Field(
        default=MEMORY,
        max_length=1024,
        pattern=r"^(memory|rediss?://[^/?#\s]+(/[0-9]{1,4})?|unix:///[^?#\s]+)$",
        description='"redis://host:port/db", "rediss://host:port/db" with TLS, or '
        '"unix:///path/of/socket"; "memory": nothing is shared.',
    )
    username: str | None = Field(default=None, description="Of the ACL; unset: the default user.")
    password: SecretStr | None = Field(
        default=None, description='Never in the URL: "file:redis.password" or "${NAME}".'
    )
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:{}-]{1,64}$")] = Field(
        default="gatehouse:",
        description="All keys begin with it: gateways with the same prefix share.",
    )
    ca: LocalPath | None = Field(
        default=None, description="Path of the PEM CA of `rediss`; unset: system's."
    )
    connect_seconds: Seconds = Field(default=2, description="Until a connection has failed.")
    answer_seconds: Seconds = Field(default=2, description="Until a command has failed.")

    @property
    def shared(self) -> bool:
        """Whether there is anything to connect to."""
        return self.url != MEMORY


def _spelled_out(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


StateSetting: TypeAlias = Annotated[
    State, BeforeValidator(_spelled_out, json_schema_input_type=State | str)
]
"""A `State`, which may be written as its URL alone."""
