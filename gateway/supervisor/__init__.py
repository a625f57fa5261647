"""The process that owns everything but traffic: files, workers, health, Envoy's files, admin."""
