"""FastAPI with slowapi, over each strategy of the package limits.

With the variant ``key-prefix`` the clients are users, and the application has given a prefix for the names of the keys.
"""

import time

from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient
from limits import RateLimitItemPerHour
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address

from visits import HITS, LIMIT, about, limit, main

USERS = {"203.0.113.9": "ann", "2001:db8:0:13::5": "bob", "198.51.100.7": "dora"}


def user(request: Request) -> str:
    return USERS[get_remote_address(request)]


def visit(url: str, variant: str) -> dict:
    prefix, strategy = ("mv", "moving-window") if variant == "key-prefix" else ("", variant)
    client_of = user if prefix else get_remote_address
    limiter = Limiter(client_of, storage_uri=url, strategy=strategy, headers_enabled=True, key_prefix=prefix)
    app = FastAPI()
    app.state.limiter = limiter
    app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)

    @app.get("/items")
    @limiter.limit(f"{LIMIT}/hour")
    def items(request: Request, response: Response) -> str:
        return "items"

    limits = []
    for address, hits in HITS.items():
        client = TestClient(app, client=(address, 50000))
        answers = [client.get("/items") for _ in range(hits)]
        let_in = sum(answer.status_code == 200 for answer in answers)
        headers = answers[-1].headers
        used = LIMIT - int(headers["x-ratelimit-remaining"])
        resets = float(headers["x-ratelimit-reset"]) - time.time()
        who = USERS[address] if prefix else address
        name = RateLimitItemPerHour(LIMIT).key_for(*filter(None, (prefix, who, "/items")))
        key = f"LIMITS:{{{name}}}" if variant == "sliding-window-counter" else f"LIMITS:{name}"
        limits.append(limit([key], address, let_in, used, round(resets, 1), strategy=strategy) | {"client": who})
    return about("slowapi", "limits", limits=limits)


main(visit)
