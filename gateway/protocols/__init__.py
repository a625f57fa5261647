"""Deframers: an HTTP request in, a `Call` or a `Refusal` out. One file a protocol."""
