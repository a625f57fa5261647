"""URLs in texts: what they lead to, lists of bad ones, hosts that look like others."""
