"""How frameworks store sessions and limits in Redis, one file per framework.

A dialect says which commands read a key, and decodes their replies; it sends nothing itself. ``registry`` lists the
dialects; ``session_dialects`` finds the one that fits a session.
"""
