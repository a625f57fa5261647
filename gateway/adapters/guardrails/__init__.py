"""Providers of guardrails over HTTP and gRPC, one file each."""
