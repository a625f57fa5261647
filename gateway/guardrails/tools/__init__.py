"""Safety of MCP tools: their definitions, pins of them, names that look like others."""
