"""The page kit as a Django application: it brings templates, static files, template tags and translations."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """`luoshi.web`; has no models."""

    name = "luoshi.web"
    label = "web"
