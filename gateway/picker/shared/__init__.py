"""What gateways that serve the same pools tell each other, so that they pick as one would.

Each tells what it has placed where, and what became of it. The others charge that to the same
endpoints as their own requests, and let the same caches have it. Everything that is told is told
again: what is open once a second, so that whatever was lost, or came twice, heals. Pure: no I/O,
no clock.
"""
