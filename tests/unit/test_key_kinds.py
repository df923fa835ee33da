"""The name of a kind of keys holds no session id and no token, also where a single key is its own kind."""

from __future__ import annotations

import msgspec
import pytest

from redis_dash.client.deployment import Deployment
from redis_dash.config import Url
from redis_dash.core.certainty import counted
from redis_dash.core.frames.keys import KeyKind
from redis_dash.dialects.layout import Claim
from redis_dash.dialects.registry import layout_of
from redis_dash.discovery.discovery import Discovery
from redis_dash.discovery.kinds import KindOfKeys
from redis_dash.discovery.report import key_kinds
from redis_dash.keyspace.key_patterns import FoundPattern

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


def row(glob: str, claimed: str = "") -> KeyKind:
    """The row of a kind, of which all keys were recognised as sessions of this pattern."""
    layout = layout_of("Express (connect-redis)")
    assert layout is not None
    claims = (Claim(layout, claimed, 1, 1),) if claimed else ()
    count = counted(1, 1, 1, 0.0)
    discovery = Discovery(Deployment(Url("redis://127.0.0.1:6379")))
    discovery._kinds[glob] = KindOfKeys(glob, count, 1, (("string", 1),), 1, None, 100.0, claims)
    (kind,) = key_kinds(discovery, [FoundPattern(glob, count, (glob.encode(),))])
    return kind


@pytest.mark.parametrize(
    ("glob", "claimed", "secret"),
    [
        ("shop:sess:onlyletters-as-an-id", "shop:sess:*", "onlyletters"),
        (f"login:{TOKEN}", "", TOKEN),
        (f"login:{TOKEN}:*", "", TOKEN),
        (f"{TOKEN}:sess:*", f"{TOKEN}:sess:*", TOKEN),
    ],
)
def test_a_secret_is_hidden(glob: str, claimed: str, secret: str) -> None:
    found = row(glob, claimed)
    assert secret not in repr(found) + msgspec.json.encode(found).decode()


@pytest.mark.parametrize("glob", ["cart:*", "queue:emails", "shop:sess:*"])
def test_other_names_stay_as_they_are(glob: str) -> None:
    assert row(glob, glob).name == glob
