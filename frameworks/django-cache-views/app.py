"""Django's cache: a cached page, a template fragment, values."""

import django
from django.conf import settings

from visits import about, escaped, main


def visit(url: str, variant: str) -> dict:
    settings.configure(
        SECRET_KEY="for tests only", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__,
        CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}},
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )  # fmt: skip
    django.setup()

    from django.core.cache import cache
    from django.core.cache.utils import make_template_fragment_key
    from django.http import HttpResponse
    from django.template import Context, Template
    from django.test import Client
    from django.urls import path
    from django.views.decorators.cache import cache_page

    calls = []

    @cache_page(600)
    def item(request, number):
        calls.append(number)
        return HttpResponse(f"<p>item {number}</p>")

    globals()["urlpatterns"] = [path("items/<int:number>", item)]

    client = Client()
    for number in (1, 2, 1, 1):
        client.get(f"/items/{number}")
    Template("{% load cache %}{% cache 500 sidebar user %}hello {{ user }}{% endcache %}").render(
        Context({"user": "ann"})
    )
    cache.set("count", 5)
    cache.set("menu", {"tea": 2.5, "names": ["ann", "zoë"]}, timeout=None)
    known = {make_template_fragment_key("sidebar", ["ann"]): 500, "count": 300, "menu": None}
    rows = [{"key": escaped(cache.make_key(key)), "expires_in_s": left} for key, left in known.items()]
    # The keys of the pages are hashes; each page has two, one for its headers.
    return about("django", "caches", caches=rows, hits=4 - len(calls), misses=len(calls), pages=2)


main(visit)
