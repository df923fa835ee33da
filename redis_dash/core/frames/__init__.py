"""Frames: one immutable picture of a topic, one file a topic.

Text in frames is what Redis held, decoded leniently: hostile until it has passed ``tui/text.py``. Times are Unix
epoch seconds unless a name ends in ``_s`` (a duration in seconds) or ``_ms``.
"""
