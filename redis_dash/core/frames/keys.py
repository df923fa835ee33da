"""The frame of the kinds of keys: what the database holds."""

from __future__ import annotations

import msgspec

from redis_dash.core.certainty import Count
from redis_dash.core.frames.base import Frame
from redis_dash.core.frames.server import Scan


class Recognised(msgspec.Struct, frozen=True):
    """What a kind of keys, or a part of it, was recognised as."""

    name: str
    """The framework and what it writes; ``format`` in ``config.toml``."""
    topic: str
    keys: str
    """The pattern of these keys, without ids and tokens."""
    confidence: str
    """``certain`` or ``likely``."""
    evidence: str
    """What names and values have, by which they are recognised."""
    fitting: int
    sampled: int
    """Keys of this pattern that were read, and how many of them have that."""
    caveat: str = ""
    """For sessions: in which case deleting the key does not sign out, in one sentence."""


class KeyKind(msgspec.Struct, frozen=True):
    """One kind of keys, as a sample of them shows it."""

    id: int
    """Identifies the kind while the program runs; two kinds may be shown by the same name."""
    name: str
    """The pattern of the keys, without ids and tokens."""
    count: Count
    sampled: int | None
    """Keys whose type and lifetime were read; None before any was tried."""
    refused: int = 0
    """Keys that our user may not read, or not their values."""
    types: tuple[tuple[str, int], ...] = ()
    """How many of them have each type, most frequent first."""
    endless: int = 0
    """How many of them never expire."""
    longest_s: float | None = None
    """The longest remaining lifetime of those that do."""
    memory: Count | None = None
    """Bytes that all its keys take together; None if none was measured."""
    measured: int = 0
    """Keys whose memory was measured for it."""
    measured_at: float = 0.0
    """When they were measured, or the first of them; Unix epoch seconds."""
    mean_bytes: float | None = None
    """Their mean memory; None if the server did not say."""
    recognised: tuple[Recognised, ...] = ()
    watched: tuple[tuple[str, int], ...] = ()
    """Topics that show names of this kind, and how many of ``names``."""
    read_as: str = ""
    """What a topic reads them as, by their names: the counters of a cache; empty if none does."""
    read_at: float = 0.0
    """When they were read, in Unix epoch seconds; all that their values show is of then."""
    expiring_numbers: int = 0
    """How many of the sampled keys are whole numbers that expire: counters of a limiter are, and others too."""
    names: int = 0
    """Names that were compared with the patterns."""
    pattern: str = ""
    """The pattern by which the user may choose something for the kind; empty if a part of it must be hidden."""
    own_name: str = ""
    """The name that the user has given to the kind."""
    chosen_topic: str = ""
    """The topic that shows the kind because the user has chosen it."""
    is_ignored: bool = False
    """Whether the kind is to be shown nowhere."""
    is_ignored_by_settings: bool = False
    """Whether ``ignore`` in ``config.toml`` says so."""


class KeysFrame(Frame, frozen=True):
    """The kinds of keys."""

    kinds: tuple[KeyKind, ...] = ()
    """Most keys first; at the end recognised ones of which only single keys are known."""
    keys: int = 0
    """Keys in the database, as the server told it during the scan; the sum of the kinds if it does not tell."""
    seen: int = 0
    """Keys that the scan had returned when the figures were made."""
    looked_at: int = 0
    """Those whose names were looked at: all figures come from these."""
    at: float = 0.0
    """Of when the figures are, in Unix epoch seconds: the end of the pass, or of now while one runs."""
    scan: Scan = Scan()
    profile: str = ""
    """The settings of ``config.toml`` that watch what was recognised."""
    unseen: int = 0
    """Keys that the server counted and the scan did not return: expired ones, and those that came too late. Of which
    kinds they are is not known."""
    gone: int = 0
    """So many of the keys that the scan returned may be gone."""
    is_size_told: bool = True
    """Whether the server tells how many keys there are; if not, nobody knows how many came or went."""
    partial: str = ""
    """What of a cluster is not seen, in words; empty if all is. All figures are lower bounds then."""
