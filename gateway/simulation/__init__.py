"""How a fleet of model servers would have done: engines in virtual time, driven by the picker that
the gateway runs.

`engine` schedules as vLLM does, `hardware` says how long a step takes, `simulation` brings
requests, a `policy` and engines together. `picking` is the production picker as a policy.
`mooncake` reads traces, `replaying` simulates one, `calibration` compares the model with what such
a trace measured, `sizing` asks how many servers are enough. Nothing here does I/O but reading a
trace, and nothing reads a clock.
"""
