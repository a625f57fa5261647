"""One HTTP client for all tests that send many requests: each loads the system's certificates."""

import atexit
from typing import Final

import httpx

HTTP: Final = httpx.Client(timeout=10)
atexit.register(HTTP.close)
