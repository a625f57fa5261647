"""The gRPC edge of a worker: Envoy's messages in, Envoy's messages out."""
