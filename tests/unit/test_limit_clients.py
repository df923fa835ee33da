"""Which part of a limiter's key is the client, where the framework joins several parts by the same separator."""

from __future__ import annotations

import pytest

from redis_dash.dialects.registry import layout_of


def read(key: str, layout: str = "limits (fixed window)") -> tuple[str, str]:
    """The client, and what else the key names."""
    found = layout_of(layout)
    name = None if found is None else found.read_name(key.encode())
    assert name is not None
    return name.identity.decode(), name.part.decode()


@pytest.mark.parametrize(
    "client",
    [
        *("203.0.113.9", "2001:db8::9", "ann@example.com", "zoë@example.com", "42", "user:42", "user|42"),
        *("5f0c1d2e-3b4a-4c5d-8e9f-0a1b2c3d4e5f", "2f9c41d07ab3e6518c0d94f2", "V1StGXR8_Z5jdHi6B-myT"),
        "key:q7Hc2kPzL0vT9xWm4RbYsE",
    ],
)
@pytest.mark.parametrize("route", ["main.index", "/export", "/items/1", "shared", "oauth2callback"])
def test_a_prefix_before_a_client_is_part_of_the_limiter(client: str, route: str) -> None:
    shown = route.strip("/")
    assert read(f"LIMITS:LIMITER/mv/{client}/{route}/6/30/second") == (client, f"mv {shown}")
    assert read(f"LIMITS:LIMITER/{client}/{route}/6/30/second") == (client, shown)


def test_a_route_that_begins_with_a_slash_tells_the_prefix_from_a_client_that_is_a_word() -> None:
    assert read("LIMITS:LIMITER/mv/ann//export/6/30/second") == ("ann", "mv export")
    assert read("LIMITS:LIMITER/ann//export/6/30/second") == ("ann", "export")
    assert read("LIMITS:LIMITER/203.0.113.0/24//export/6/30/second") == ("203.0.113.0", "24//export")


@pytest.mark.parametrize(
    "route",
    [*("index", "main.index", "api.get_user_v2", "oauth2callback", "OAuth2Callback", "b2b.s3_upload_v2", "tier-1")],
)
def test_of_two_words_the_first_is_the_client(route: str) -> None:
    assert read(f"LIMITS:LIMITER/ann/{route}/6/30/second") == ("ann", route)


def test_a_client_alone_and_no_client_are_read() -> None:
    assert read("LIMITER/ann/6/30/second") == ("ann", "")
    assert read("LIMITER//export/6/30/second") == ("", "export")


def test_all_strategies_are_read_alike() -> None:
    assert read("LIMITS:LIMITER/mv/ann@b.c//a/6/30/second", "limits (moving window)") == ("ann@b.c", "mv a")
    assert read("LIMITS:{LIMITER/mv/ann@b.c//a/6/30/second}", "limits (sliding window)") == ("ann@b.c", "mv a")
