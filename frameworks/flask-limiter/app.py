"""Flask with Flask-Limiter, over each strategy of the package limits.

With the variant ``key-prefix`` the clients are users, and the application has given a prefix for the names of the keys.
"""

import time

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from limits import RateLimitItemPerHour

from visits import HITS, LIMIT, about, limit, main

USERS = {"203.0.113.9": "ann@example.com", "2001:db8:0:13::5": "42", "198.51.100.7": "zoë@example.com"}


def visit(url: str, variant: str) -> dict:
    app = Flask(__name__)
    prefix, strategy = ("shop", "fixed-window") if variant == "key-prefix" else ("", variant)
    client_of = (lambda: USERS[request.remote_addr]) if prefix else get_remote_address
    options = {"strategy": strategy, "headers_enabled": True, "key_prefix": prefix}
    limiter = Limiter(client_of, app=app, storage_uri=url, **options)

    @app.get("/items")
    @limiter.limit(f"{LIMIT}/hour")
    def items() -> str:
        return "items"

    limits = []
    for address, hits in HITS.items():
        answers = [app.test_client().get("/items", environ_base={"REMOTE_ADDR": address}) for _ in range(hits)]
        let_in = sum(answer.status_code == 200 for answer in answers)
        headers = answers[-1].headers
        used = LIMIT - int(headers["X-RateLimit-Remaining"])
        resets = float(headers["X-RateLimit-Reset"]) - time.time()
        who = USERS[address] if prefix else address
        name = RateLimitItemPerHour(LIMIT).key_for(*filter(None, (prefix, who, "items")))
        key = f"LIMITS:{{{name}}}" if variant == "sliding-window-counter" else f"LIMITS:{name}"
        limits.append(limit([key], address, let_in, used, round(resets, 1), strategy=strategy) | {"client": who})
    return about("flask-limiter", "limits", "Flask-Limiter", limits=limits)


main(visit)
