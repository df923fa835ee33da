"""Flask with Flask-Session; the applications of its versions are the same but for the settings that make them."""

from flask import Flask, session
from flask_session import Session
from redis import Redis

from visits import LEAVER, PEOPLE, about
from visits import session as session_row

COOKIE = "session"


def make(url: str, settings: dict) -> Flask:
    app = Flask(__name__)
    app.config.update(
        SESSION_TYPE="redis", SESSION_REDIS=Redis.from_url(url), PERMANENT_SESSION_LIFETIME=3600, **settings
    )  # fmt: skip
    Session(app)

    @app.post("/login/<user>/<role>")
    def login(user: str, role: str) -> str:
        session.update(user_id=user, role=role, cart=["tea", "cup"])
        return "hello"

    @app.post("/logout")
    def logout() -> str:
        session.clear()
        return "bye"

    @app.get("/cart")
    def cart() -> str:
        session["cart"] = ["tea"]
        return "cart"

    @app.get("/me")
    def me() -> str:
        return session.get("user_id", "")

    return app


def visit(url: str, settings: dict) -> dict:
    app = make(url, settings)
    rows, cookies = [], []
    for user, role in PEOPLE:
        client = app.test_client()
        client.post(f"/login/{user}/{role}")
        cookies.append(client.get_cookie(COOKIE).value)
        rows.append(session_row(f"session:{cookies[-1]}", user, role, 3600))
    leaver = app.test_client()
    leaver.post("/login/{}/{}".format(*LEAVER))
    leaver.post("/logout")
    visitor = app.test_client()
    visitor.get("/cart")
    rows.append(session_row(f"session:{visitor.get_cookie(COOKIE).value}", None, None, 3600))
    return about(
        "flask-session", "sessions", "Flask-Session", sessions=rows, anonymous=1,
        revoke={"key": rows[0]["key"], "credential": cookies[0]},
    )  # fmt: skip


def works(url: str, settings: dict, credential: str) -> bool:
    client = make(url, settings).test_client()
    client.set_cookie(COOKIE, credential)
    return client.get("/me").text != ""
