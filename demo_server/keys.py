"""Every key name and channel that the demo uses: the contract with whoever reads its Redis.

Braces put a key into the slot that a cluster gives to what they enclose: `fence:{product:7}` is where `product:7` is.
"""

from typing import Final

# Prefixes of the response caches, of their statistics and of their truth.
LLM: Final = "llm"
PRODUCT: Final = "product"
CACHES: Final = (LLM, PRODUCT)
CACHE_STATS: Final = "cache:stats"

# Prefixes of the other keys.
SESSION: Final = "session"
USER: Final = "user"
RATE_LIMIT: Final = "ratelimit"
VIEWS: Final = "views"

LEADERBOARD: Final = "leaderboard"  # sorted set: player -> best score
ONLINE_USERS: Final = "online_users"  # set of the ids of users with a session
ONLINE_SESSIONS: Final = "online_sessions:{online_users}"  # hash: session id -> user id
ONLINE_COUNTS: Final = "online_counts:{online_users}"  # hash: user id -> number of sessions
EMAIL_QUEUE: Final = "queue:emails"  # list of JSON mails, the newest last

ORDERS: Final = "orders"
PAYMENTS: Final = "payments"
SESSIONS: Final = "sessions"
PRODUCTS: Final = "products"
SECURITY: Final = "security"
CHANNELS: Final = (ORDERS, PAYMENTS, SESSIONS, PRODUCTS, SECURITY)

CONTROL: Final = "demo:control"  # channel on which the workload takes {"scenario": name}


def session(session_id: str) -> str:
    """String: the JSON of one signed-in session."""
    return f"{SESSION}:{session_id}"


def user(user_id: int | str) -> str:
    """Hash: what is kept about a user who signed in at least once."""
    return f"{USER}:{user_id}"


def rate_limit(client: str) -> str:
    """Sorted set: the accepted requests of one client, scored by server time in epoch seconds."""
    return f"{RATE_LIMIT}:{client}"


def product(product_id: int) -> str:
    """String: the JSON of one product."""
    return f"{PRODUCT}:{product_id}"


def product_fence(product_id: int) -> str:
    """String: the lowest version of `product(product_id)` that may be cached."""
    return f"fence:{{{product(product_id)}}}"


def cache_stats(cache: str) -> str:
    """Hash with the fields `hits` and `misses` of one cache."""
    return f"{CACHE_STATS}:{cache}"


def views(page: str) -> str:
    """String: how often a page was seen."""
    return f"{VIEWS}:{page}"
