"""gateway.yaml and the folder of documents beside it: read, placed, typed, never half-applied."""
