"""One danger a file: its name, its level, why it is one, the fix, and where a file has it."""
