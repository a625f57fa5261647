"""The command `gatehouse`. One file a subcommand; each only parses, calls and prints."""

from gateway.cli.app import main

__all__ = ["main"]
