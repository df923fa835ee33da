"""The primary that sentinels watch, wherever it is by now."""
