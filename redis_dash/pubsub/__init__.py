"""Pub/sub: the subscriber, its connection, and the ring that holds the latest messages."""
