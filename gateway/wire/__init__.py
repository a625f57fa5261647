"""What several protocols share: strict JSON, JSON-RPC, SSE, HTTP content. No I/O, no clock."""
