"""The WSGI application, for Granian or Gunicorn: `luoshi.project.wsgi:application`."""

import os
import sys
import threading

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from luoshi.kernel.garbage import spare_readers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luoshi.project.settings")
application = get_wsgi_application()
# A thread that checks records keeps the others from running for so long (5 ms by default) each time they come back from
# the database, where one of them may hold the lock that every writer waits for.
sys.setswitchinterval(0.0005)


# The pages of every desk and what they draw on (ten seconds of imports) are loaded before the first request, not in it.
get_resolver().reverse_dict  # noqa: B018


def _warm() -> None:
    """What the first reader would wait for: the catalogue, the drawing of charts and the values of boards."""
    from luoshi.indicators import Catalogue
    from luoshi.platform.lake import results
    from luoshi.web import charts

    try:
        Catalogue.load()
        charts.warm()
        results.warm()
    finally:  # whatever cannot be read here is said to who asks for it
        spare_readers()


threading.Thread(target=_warm, name="warm", daemon=True).start()
