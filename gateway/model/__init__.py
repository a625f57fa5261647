"""The vocabulary of every stage. Pure: imports nothing of the project, no I/O, no clock."""
