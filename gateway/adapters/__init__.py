"""The outside world behind the seams of the core: files, sockets, key sets, exporters."""
