"""From typed Envoy messages to the JSON that Envoy reads."""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any as JsonAny

import betterproto2
from envoy_data_plane.envoy.config.core.v3 import (
    Address,
    ApiVersion,
    ConfigSource,
    PathConfigSource,
    Pipe,
    SocketAddress,
)
from envoy_data_plane.envoy.service.discovery.v3 import DiscoveryResponse
from envoy_data_plane.google.protobuf import Any

from gateway.config.addresses import parse_address


def packed(message: betterproto2.Message) -> Any:
    """A message as google.protobuf.Any, its type by its URL."""
    return Any.pack(message)


def seconds(value: float) -> timedelta:
    """A duration of `value` seconds."""
    return timedelta(seconds=value)


def to_json(message: betterproto2.Message) -> str:
    """A message in proto3 JSON, one line."""
    tree: dict[str, JsonAny] = message.to_dict()
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


def discovery(version: str, resources: Iterable[betterproto2.Message]) -> DiscoveryResponse:
    """The content of a file that Envoy subscribes to."""
    return DiscoveryResponse(
        version_info=version, resources=[packed(resource) for resource in resources]
    )


def file_source(path: Path) -> ConfigSource:
    """A subscription to a file.

    Without `watched_directory`: Envoy then watches this one name for a rename onto it. With it,
    every rename in the directory makes every subscription read its file again.
    """
    return ConfigSource(
        path_config_source=PathConfigSource(path=str(path)), resource_api_version=ApiVersion.V3
    )


def socket(text: str) -> Address:
    """`host:port` or `unix:PATH` as an Envoy address. Raises ValueError for anything else."""
    if text.startswith("unix:"):
        return Address(pipe=Pipe(path=text.removeprefix("unix:")))
    address = parse_address(text)
    if address is None:
        raise ValueError(f"not an address: {text}")
    return Address(socket_address=SocketAddress(address=address.host, port_value=address.port))
