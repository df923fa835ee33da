"""The base class of all frames."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import Count


class Frame(msgspec.Struct, frozen=True):
    """An immutable picture of a topic."""

    def exported(self) -> object:
        """The frame as JSON values for exports; subclasses leave out what must not be shown."""
        return msgspec.to_builtins(self)


def exported_count(name: str, count: Count) -> dict[str, object]:
    """A count with its bounds and its certainty: ``count``, ``low``, ``high``, ``certainty``; null if it is unknown."""
    begin = f"{name}_" if name else ""
    is_unknown = count.certainty == "unknown"
    return {
        name or "count": None if is_unknown else count.value,
        f"{begin}low": None if is_unknown else count.low,
        f"{begin}high": count.high,
        f"{begin}certainty": count.certainty,
    }
