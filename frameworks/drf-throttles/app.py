"""Django REST framework with two of its throttles: anonymous clients, and a user who is signed in."""

import django
from django.conf import settings

from visits import HITS, LIMIT, WINDOW, about, escaped, limit, main


def visit(url: str, variant: str) -> dict:
    settings.configure(
        SECRET_KEY="for tests only", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "users.sqlite3"}},
        CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}},
        REST_FRAMEWORK={
            "DEFAULT_THROTTLE_CLASSES": [
                "rest_framework.throttling.AnonRateThrottle", "rest_framework.throttling.UserRateThrottle",
            ],
            "DEFAULT_THROTTLE_RATES": {"anon": f"{LIMIT}/hour", "user": "100/hour"},
        },
    )  # fmt: skip
    django.setup()

    from django.contrib.auth.models import User
    from django.core.cache import cache
    from django.core.management import call_command
    from django.urls import path
    from rest_framework.response import Response
    from rest_framework.test import APIClient
    from rest_framework.views import APIView

    class Items(APIView):
        def get(self, request):
            return Response(["tea"])

    globals()["urlpatterns"] = [path("items", Items.as_view())]
    call_command("migrate", verbosity=0)

    limits = []
    for address, hits in HITS.items():
        client = APIClient(REMOTE_ADDR=address)
        answers = [client.get("/items") for _ in range(hits)]
        let_in = sum(answer.status_code == 200 for answer in answers)
        resets = answers[-1].headers.get("Retry-After")  # only a refused client is told
        key = cache.make_key(f"throttle_anon_{address}")
        limits.append(limit([key], address, let_in, let_in, resets and float(resets), scope="anon"))
        # The throttle for users counts anonymous clients too, even requests that the other one refuses.
        key = escaped(cache.make_key(f"throttle_user_{address}"))
        limits.append({
            "keys": [key], "client": address, "hits": hits, "let_in": hits, "used": hits, "limit": 100,
            "window_s": WINDOW, "blocked": False, "resets_in_s": None, "scope": "user",
        })  # fmt: skip
    ann = User.objects.create_user("ann@example.com")
    client = APIClient(REMOTE_ADDR="192.0.2.77")
    client.force_authenticate(ann)
    for _ in range(4):
        client.get("/items")
    limits.append({
        "keys": [escaped(cache.make_key(f"throttle_user_{ann.pk}"))], "client": str(ann.pk), "hits": 4, "let_in": 4,
        "used": 4, "limit": 100, "window_s": WINDOW, "blocked": False, "resets_in_s": None, "scope": "user",
    })  # fmt: skip
    return about("djangorestframework", "limits", "Django REST framework", limits=limits)


main(visit)
