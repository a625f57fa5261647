"""Gatehouse: policy, identity and sessions for agent and LLM traffic beside a stock Envoy.

A request walks the packages in this order:
server -> extproc -> protocols (over wire) -> identity -> policy -> sessions -> pipeline -> server.
"""

__version__ = "0.1.0"
