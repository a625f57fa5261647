"""Records of served requests for the tests."""

from typing import Any


def record(**changes: Any) -> dict[str, Any]:
    """What a gateway records of a request of 4,100 bytes and 1,025 tokens, or what is changed."""
    return {
        "at": 1000.0,
        "pool": "chat",
        "model": "llama",
        "profile": "cost",
        "endpoint": "10.0.0.1:80",
        "endpoints": 2,
        "status": 200,
        "prompt_bytes": 4100,
        "block_bytes": 1024,
        "hash_bytes": 8,
        "chain": "".join(f"{block:016x}" for block in range(4)),
        "believed_tokens": 1025,
        "believed_cached": 512,
        "prompt_tokens": 1025,
        "cached_tokens": 480,
        "output_tokens": 20,
        "ttft_ms": 100.0,
        "duration_ms": 500.0,
        "cache_tokens": 64000,
        **changes,
    }
