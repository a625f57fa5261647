"""The external-processing conversation as a state machine: events in, commands out, no I/O."""
