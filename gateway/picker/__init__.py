"""Which model server answers a request soonest. Sans-IO: events and `now` come in, picks go out.

The data path: a `Demand` enters the broker, waits in flow control while the pool is full, is
matched against what each endpoint is believed to have cached, ranked by a profile, and charged to
the endpoint that it goes to in the same step. The same code runs in the gateway and in the
virtual-time benchmark.
"""
