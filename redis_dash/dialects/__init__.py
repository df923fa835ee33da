"""How frameworks lay out sessions and limits in Redis: pure readers of replies, one file a framework.

A dialect says which commands read a key, and makes sense of their replies; it sends nothing itself. ``registry`` lists
them.
"""
