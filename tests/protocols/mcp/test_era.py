"""The version header alone tells the era, as the official servers see it."""

import pytest
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, MODERN_PROTOCOL_VERSIONS

from gateway.protocols.mcp.era import HANDSHAKE_REVISIONS, MODERN_REVISIONS, Era, era_of


def test_the_revisions_are_those_of_the_official_sdk() -> None:
    assert HANDSHAKE_REVISIONS == HANDSHAKE_PROTOCOL_VERSIONS
    assert MODERN_REVISIONS == MODERN_PROTOCOL_VERSIONS


@pytest.mark.parametrize("header", [None, *HANDSHAKE_REVISIONS])
def test_absent_and_handshake_revisions_are_legacy(header: str | None) -> None:
    assert era_of(header) is Era.LEGACY


@pytest.mark.parametrize("header", ["2026-07-28", "", "v9", "2025-06-18, 2025-06-18"])
def test_everything_else_is_modern(header: str) -> None:
    assert era_of(header) is Era.MODERN
