"""Keys of limiters in Python by hand, as the sources of their frameworks describe them, with the truth."""

from __future__ import annotations

import hashlib
import pickle

from tests.live.limit_case import IPV4, IPV6, Case, Key, Truth, text


def python_limits(now: float) -> list[Case]:
    """All frameworks in Python; ``now`` is the server's clock."""
    times = [now - 5, now - 20, now - 50, now - 70]
    minute, day = int(now // 60), int(now // 86_400)
    sha = hashlib.sha256(b"view10/60s203.0.113.9").hexdigest()
    throttled = "throttled:v1:"
    return [
        Case(
            "limits (fixed window)",
            {"LIMITS:LIMITER/*/5/1/minute": "limits (fixed window)", "LIMITER/*/10/2/hour": "limits (fixed window)"},
            [
                text(f"LIMITS:LIMITER/{IPV4}/main.index/5/1/minute", 3, 41),
                text(f"LIMITS:LIMITER/{IPV6}//items/1/5/1/minute", 8, 30),
                text("LIMITER/user:42/api/10/2/hour", 1, 7100),
            ],
            [
                Truth(IPV4, 3, 5, 60, reset_s=41),
                Truth(IPV6, 8, 5, 60, blocked=True, reset_s=30),
                Truth("user:42", 1, 10, 7200, reset_s=7100),
            ],
        ),
        Case(
            "limits (moving window)",
            {"LIMITS:LIMITER/*/3/1/minute": "limits (moving window)"},
            [
                Key(f"LIMITS:LIMITER/{IPV4}/a/3/1/minute", "list", times[:3], 55),
                Key(f"LIMITS:LIMITER/{IPV6}/a/3/1/minute", "list", [now - 59, now - 61, now - 62], 1.0 + 30),
            ],
            [Truth(IPV4, 3, 3, 60, blocked=True, reset_s=10), Truth(IPV6, 1, 3, 60, reset_s=1)],
        ),
        Case(
            "limits (sliding window)",
            {
                "LIMITS:{LIMITER/*/10/1/hour}": "limits (sliding window)",
                "LIMITS:{LIMITER/*/10/1/hour}/-1": "limits (previous window)",
            },
            [
                text(f"LIMITS:{{LIMITER/{IPV4}/a/10/1/hour}}", 4, 7197),
                text(f"LIMITS:{{LIMITER/{IPV6}/a/10/1/hour}}", 3, 5400),
                text(f"LIMITS:{{LIMITER/{IPV6}/a/10/1/hour}}/-1", 8, 1800),
                text("LIMITS:{LIMITER/ann/a/10/1/hour}", 6, 1799),
            ],
            [
                Truth(IPV4, 4, 10, 3600, reset_s=3597),
                Truth(IPV6, 6, 10, 3600, reset_s=450),  # a bit less than half of 8 counts: 3 until it is below 3/8
                Truth("ann", 2, 10, 3600, reset_s=599),
            ],
        ),
        Case(
            "Django REST framework",
            {":1:throttle_*": "Django REST framework"},
            [
                Key(f":1:throttle_anon_{IPV4}", "string", pickle.dumps(times, 5), 55),
                Key(":1:throttle_user_42", "string", pickle.dumps([now - 600], 5), 3000),
                Key(f":1:throttle_password_reset_{IPV6}", "string", pickle.dumps([now - 1], 4), 86_399),
            ],
            [
                Truth(IPV4, 3, None, 60, reset_s=10),
                Truth("42", 1, None, 3600, reset_s=3000),
                Truth(IPV6, 1, None, 86_400, reset_s=86_399),
            ],
        ),
        Case(
            "django-ratelimit",
            {":1:rl:*": "django-ratelimit"},
            [text(f":1:rl:{sha}", 12, 3604)],
            [Truth(sha, None)],
        ),
        Case(
            "fastapi-limiter",
            {"fastapi-limiter:*": "fastapi-limiter"},
            [
                text(f"fastapi-limiter:{IPV4}:/items:3:0", 2, 4),
                text(f"fastapi-limiter:{IPV6}:/items/1:12:1", 1, 9),
                text("fastapi-limiter:ws:198.51.100.7:/chat:", 5, 3),
            ],
            [Truth(IPV4, 2, reset_s=4), Truth(IPV6, 1, reset_s=9), Truth("198.51.100.7", 5, reset_s=3)],
        ),
        Case(
            "pyrate-limiter",
            {"api-bucket": "pyrate-limiter"},
            [
                Key(
                    "api-bucket",
                    "zset",
                    {
                        f"{IPV4}:/items:1:0:0a1b2c3d4e:1": (now - 9) * 1000,
                        f"{IPV6}:/items:1:0:ffeeddccbb:1": (now - 2) * 1000,
                    },
                )
            ],
            [Truth("api-bucket", None)],
        ),
        Case(
            "cashews",
            {"rate_limit:*": "cashews (rate limit)", "srl:*": "cashews (sliding rate limit)"},
            [
                text("rate_limit:app.views:get_user:id:42", 3, 8),
                text(f"rate_limit:items:{IPV6}", 2, 9),
                Key("srl:app.views:search:user:7", "zset", {repr(at): at for at in times}, 55),
            ],
            [
                Truth("app.views:get_user:id:42", 3, reset_s=8),
                Truth("app.views:search:user:7", 3, None, 60, reset_s=10),
                Truth(IPV6, 2, reset_s=9),
            ],
        ),
        Case(
            "throttled-py",
            {
                f"{throttled}fixed_window:*": "throttled-py (fixed window)",
                f"{throttled}sliding_window:*": "throttled-py (sliding window)",
                f"{throttled}token_bucket:*": "throttled-py (token bucket)",
                f"{throttled}leaking_bucket:*": "throttled-py (leaking bucket)",
                f"{throttled}gcra:*": "throttled-py (gcra)",
            },
            [
                text(f"{throttled}fixed_window:ann:period:{minute}", 4, 58),
                text(f"{throttled}fixed_window:ann:period:{minute - 1}", 9, 20),
                text(f"{throttled}fixed_window:GET|/items|day:period:{day}", 7, 86_000),
                text(f"{throttled}sliding_window:bob:period:{minute}", 2, 170),
                text(f"{throttled}sliding_window:bob:period:{minute - 1}", 0, 110),
                text(f"{throttled}sliding_window:cat:period:{day}", 5, 259_000),
                Key(f"{throttled}token_bucket:dan", "hash", {"tokens": 7, "last_refreshed": int(now)}, 20),
                Key(f"{throttled}leaking_bucket:eve", "hash", {"tokens": 3, "last_refreshed": int(now)}),
                text(f"{throttled}gcra:fay", f"{now - 1_735_660_800 + 25:.6f}", 25),
            ],
            [
                Truth("ann", 4, None, 60, reset_s=(minute + 1) * 60 - now),
                Truth("day", 7, None, 86_400, reset_s=(day + 1) * 86_400 - now),
                Truth("bob", 2, None, 60, reset_s=(minute + 1) * 60 - now),
                Truth("cat", 5, None, 86_400, reset_s=(day + 1) * 86_400 - now),
                Truth("dan", None, left=7),
                Truth("eve", None),
                Truth("fay", None, clear_s=25),
            ],
        ),
    ]
