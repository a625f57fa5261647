"""The field's own profile: filters, weighted scorers and a picker as plugins, as in the Gateway API
Inference Extension and llm-d router v0.10.

Each plugin is one file of `filters`, `scorers` or `pickers` and is found by scanning; its type is
the file's name with `-` in place of `_`. A file defines `Parameters`, a frozen dataclass, and
`plugin`, which makes the plugin out of its parameters and a seeded source of randomness.

Where this differs from llm-d: what a server has not told, or told too long ago, is unknown and
counts like the average of what is known. llm-d counts missing numbers as 0 (an idle server) when it
scores, and as saturated when it admits.
"""
