"""Envoy's side: configuration generated from gateway.yaml, its files, its admin address.

The path of a request through the generated filters:
early header mutation -> ext_proc (the service) -> stateful_session -> header removal -> router,
then, at the upstream connection, the backend's own credential.
"""
