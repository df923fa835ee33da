"""Django's sessions in its cache, over Django's own Redis backend or django-redis."""

import django
from django.conf import settings

from visits import LEAVER, PASSWORD, PEOPLE, about, main
from visits import session as session_row

DJANGO = "django.core.cache.backends.redis.RedisCache"
DJANGO_REDIS = "django_redis.cache.RedisCache"
JSON = {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"}
MSGPACK = {"SERIALIZER": "django_redis.serializers.msgpack.MSGPackSerializer"}
ZLIB = {"COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor"}
# The variant: session engine, cache backend, options.
VARIANTS = {
    "cache": ("cache", DJANGO, {}),
    "cached-db": ("cached_db", DJANGO, {}),
    "django-redis": ("cache", DJANGO_REDIS, {}),
    "django-redis-json": ("cache", DJANGO_REDIS, JSON),
    "django-redis-msgpack": ("cache", DJANGO_REDIS, MSGPACK),
    "django-redis-zlib": ("cache", DJANGO_REDIS, ZLIB),
}


def make(url: str, variant: str) -> None:
    engine, backend, options = VARIANTS[variant]
    settings.configure(
        SECRET_KEY="for tests only", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SESSION_COOKIE_AGE=7200,
        CACHES={"default": {"BACKEND": backend, "LOCATION": url, "OPTIONS": options}},
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "users.sqlite3"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        SESSION_ENGINE=f"django.contrib.sessions.backends.{engine}",
    )  # fmt: skip
    django.setup()

    from django.contrib.auth import authenticate, login, logout
    from django.http import HttpResponse
    from django.urls import path

    def sign_in(request):
        login(request, authenticate(request, username=request.POST["user"], password=PASSWORD))
        request.session["cart"] = ["tea", "cup"]
        return HttpResponse("hello")

    def sign_out(request):
        logout(request)
        return HttpResponse("bye")

    def cart(request):
        request.session["cart"] = ["tea"]
        return HttpResponse("cart")

    def me(request):
        return HttpResponse(request.user.get_username())

    globals()["urlpatterns"] = [
        path("login", sign_in), path("logout", sign_out), path("cart", cart), path("me", me),
    ]  # fmt: skip


def visit(url: str, variant: str) -> dict:
    make(url, variant)
    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)

    def row(client: Client, user: str | None, role: str | None, **more) -> dict:
        name = client.session.cache_key
        return session_row(cache.make_key(name), user, role, client.session.get_expiry_age()) | more

    rows, cookies = [], []
    for user, role in [*PEOPLE, LEAVER]:
        account = User.objects.create_user(user, user, PASSWORD, is_staff=role == "admin")
        client = Client()
        client.post("/login", {"user": user})
        if (user, role) == LEAVER:
            client.post("/logout")
        else:
            # The session holds the number of the user, neither name nor role.
            rows.append(row(client, user, role, user_id=str(account.pk)))
            cookies.append(client.cookies["sessionid"].value)
    visitor = Client()
    visitor.get("/cart")
    rows.append(row(visitor, None, None))
    package = "django" if VARIANTS[variant][1] == DJANGO else "django-redis"
    return about(
        package, "sessions", sessions=rows, anonymous=1, revoke={"key": rows[0]["key"], "credential": cookies[0]}
    )


def works(url: str, variant: str, credential: str) -> bool:
    make(url, variant)
    from django.test import Client

    client = Client()
    client.cookies["sessionid"] = credential
    return client.get("/me").content != b""


main(visit, works)
