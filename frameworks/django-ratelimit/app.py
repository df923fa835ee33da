"""Django with django-ratelimit: the name of a key is a hash."""

import django
from django.conf import settings

from visits import HITS, LIMIT, about, limit, main


def visit(url: str, variant: str) -> dict:
    settings.configure(
        SECRET_KEY="for tests only", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
        CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}},
    )  # fmt: skip
    django.setup()

    from django.core.cache import cache
    from django.http import HttpResponse
    from django.test import Client, RequestFactory
    from django.urls import path
    from django_ratelimit.core import _get_ip, _get_window, _make_cache_key, get_usage
    from django_ratelimit.decorators import ratelimit

    @ratelimit(key="ip", rate=f"{LIMIT}/h", group="items", block=True)
    def items(request):
        return HttpResponse("items")

    globals()["urlpatterns"] = [path("items", items)]

    limits = []
    for address, hits in HITS.items():
        client = Client(REMOTE_ADDR=address)
        let_in = sum(client.get("/items").status_code == 200 for _ in range(hits))
        request = RequestFactory(REMOTE_ADDR=address).get("/items")
        usage = get_usage(request, group="items", key="ip", rate=f"{LIMIT}/h", increment=False)
        value = _get_ip(request)  # an IPv6 address counts as its network
        name = _make_cache_key("items", _get_window(value, 3600), f"{LIMIT}/h", value, [])
        limits.append(limit([cache.make_key(name)], address, let_in, min(usage["count"], LIMIT), usage["time_left"]))
    return about("django-ratelimit", "limits", limits=limits)


main(visit)
