"""Ids that clients carry, sealed: session ids, event ids, placements. Pure: no I/O, no clock."""
