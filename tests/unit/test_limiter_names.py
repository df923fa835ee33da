"""What frameworks add to the names of all keys is left out of a limiter's name."""

from __future__ import annotations

import pytest

from redis_dash.config import LimitPattern
from redis_dash.sources.limiters import Limiters

SHA = "2f9c41d07ab3e651" * 4
DRF = "Django REST framework"


@pytest.mark.parametrize(
    ("layout", "glob", "key", "name"),
    [
        (DRF, ":1:throttle_*", ":1:throttle_user_42", "throttle user"),
        (DRF, "shop:12:throttle_*", "shop:12:throttle_burst_203.0.113.9", "shop:throttle burst"),
        (DRF, "*throttle_*", "throttle_user_42", "throttle user"),
        (DRF, "*throttle_*", "v2:throttle_user_42", "v2:throttle user"),
        ("django-ratelimit", ":1:rl:*", f":1:rl:{SHA}", "rl"),
        ("django-ratelimit", "shop:1:rl:*", f"shop:1:rl:{SHA}", "shop:rl"),
    ],
)
def test_the_version_that_django_adds(layout: str, glob: str, key: str, name: str) -> None:
    limiter = Limiters((LimitPattern(glob, format=layout),)).of(key.encode())
    assert limiter.name == name
