"""What the spans of each protocol are called and say. Pure: no I/O, no clock.

Names are of bounded cardinality. Attributes have names, ids and numbers, never arguments, prompts
or answers.
"""
