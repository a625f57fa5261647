"""What engines say of their caches by KV events, and what it means for prompts. Pure."""
