"""Streams: entries are read as they are added, and nothing is changed: no consumer group, no acknowledgement."""
