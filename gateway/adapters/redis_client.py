"""A connection to the Redis, or Valkey, that gateways share."""

from typing import Any, Final
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection
from redis.asyncio.connection import UnixDomainSocketConnection as UnixConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.config.state import State

GONE: Final = (RedisError, OSError, TimeoutError)
"""What a command raises when there is no answer to it, or none that helps."""

_PORT: Final = 6379


def open_client(state: State, *, patience: float = 0.0) -> Redis:
    """A client of the server that `state` names, which connects when it is first used. A command
    that takes longer than `answer_seconds` and `patience`, for those that wait in the server,
    raises one of `GONE`; none is tried twice."""
    values: dict[str, Any] = {
        "username": state.username,
        "password": state.password.get_secret_value() if state.password is not None else None,
        "socket_connect_timeout": state.connect_seconds,
        "socket_timeout": state.answer_seconds + patience,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "client_name": "gatehouse",
    }
    url = urlsplit(state.url)
    if url.scheme == "unix":
        pool = ConnectionPool(connection_class=UnixConnection, path=unquote(url.path), **values)
        return Redis.from_pool(pool)
    values |= {"host": url.hostname, "port": url.port or _PORT, "db": int(url.path[1:] or 0)}
    if url.scheme == "rediss":
        pool = ConnectionPool(connection_class=SSLConnection, ssl_ca_certs=state.ca, **values)
        return Redis.from_pool(pool)
    return Redis.from_pool(ConnectionPool(connection_class=Connection, **values))
