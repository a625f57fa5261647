"""Who calls: credentials of a request become one principal. No I/O, no clock: time is given."""
