"""What is told about a request: one record each, allowed or refused, never its content."""
