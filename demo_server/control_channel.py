"""What is asked for on `demo:control`: `{"scenario": name}`. The workload plays some scenarios, the launcher others."""

import json
from typing import Final

OF_CLUSTER: Final = ("failover", "kill-node", "reshard")
"""Scenarios that the launcher plays on its own cluster."""
OF_SENTINEL: Final = ("failover", "kill-node")
"""Scenarios that it plays where sentinels watch."""


def scenario_in(message: bytes) -> str | None:
    """Return the name in a message of the channel, or None if there is none."""
    try:
        name = json.loads(message)["scenario"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return name if isinstance(name, str) else None
