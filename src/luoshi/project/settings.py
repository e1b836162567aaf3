"""Settings, all from the environment with defaults that work on a fresh machine and are safe on a public one.

| variable | default | meaning |
|---|---|---|
| `LUOSHI_HOME` | `var` under the working directory | database, lake, uploads, job queue, secret |
| `DATABASE_URL` | SQLite in `LUOSHI_HOME` | the store |
| `LUOSHI_LAKE` | `LUOSHI_HOME/lake` | the columnar copy |
| `LUOSHI_SECRET_KEY` | made once and kept in `LUOSHI_HOME` | signs sessions and the head of the audit trail |
| `LUOSHI_OLD_SECRET_KEYS` | none | keys used before, by comma: still accepted, never used to sign |
| `LUOSHI_DATA_KEY` | made once and kept in `LUOSHI_HOME` | 32 hexadecimal digits: seals small secrets in the database (SM4) |
| `LUOSHI_OLD_DATA_KEYS` | none | keys used before, by comma: still open what they sealed |
| `LUOSHI_KEYS` | `LUOSHI_HOME/keys` | folder of the keys that sign health codes |
| `LUOSHI_HOSTS` | `localhost,127.0.0.1` | names the server answers to |
| `LUOSHI_HTTPS` | `1` unless every host is this machine | secure cookies, redirect to https, HSTS |
| `LUOSHI_PROXY` | `0` | `1` behind a proxy that sets `X-Forwarded-Proto` and `X-Forwarded-For` |
| `LUOSHI_TWO_FACTOR` | `1` | a second factor before a person is shown |
| `LUOSHI_IDLE_MINUTES` | `30` | a session nobody uses for so long is ended |
| `LUOSHI_REDIS` | none | address of Redis for the job queue, when several machines share it (needs the package `redis`) |
| `LUOSHI_WEBHOOKS` | none | hosts, by comma, that webhooks of Subscriptions may call although they are this machine |
| `LUOSHI_MAIL` | none | `smtp://user:password@host:587`, `smtps://…`, or `file` (into `LUOSHI_HOME/mail`); without it no mail |
| `LUOSHI_MAIL_FROM` | `luoshi@localhost` | the sender of mails |
| `LUOSHI_ADDRESS` | the first of `LUOSHI_HOSTS` | how links in mails begin: `https://luoshi.example.gov.cn` |
| `LUOSHI_FONTS` | none | a folder with typefaces for pdf files, beside those of the system |
| `LUOSHI_DEBUG` | `0` | tracebacks in the browser; never on a machine others can reach |
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.utils.translation import gettext_lazy as _

from luoshi.project.installed import PLATFORM, SERVICES, SUPERVISION
from luoshi.project.kept_secret import kept_secret


def _switch(name: str, default: bool) -> bool:
    return os.environ.get(name, "1" if default else "0") == "1"


LUOSHI_HOME = Path(os.environ.get("LUOSHI_HOME", "var")).resolve()
LUOSHI_HOME.mkdir(parents=True, exist_ok=True)
LUOSHI_LAKE = Path(os.environ.get("LUOSHI_LAKE", LUOSHI_HOME / "lake")).resolve()
LUOSHI_TWO_FACTOR = _switch("LUOSHI_TWO_FACTOR", True)
LUOSHI_IDLE_MINUTES = int(os.environ.get("LUOSHI_IDLE_MINUTES", "30"))
LUOSHI_REDIS = os.environ.get("LUOSHI_REDIS", "")
LUOSHI_FONTS = os.environ.get("LUOSHI_FONTS", "")
LUOSHI_WEBHOOKS = [host for host in os.environ.get("LUOSHI_WEBHOOKS", "").split(",") if host]


def _secret(name: str, kept: Path, made: str) -> str:
    """The secret the environment gives, or the one kept in a file, which is made at first use."""
    return os.environ.get(name) or kept_secret(kept, made)


SECRET_KEY = _secret("LUOSHI_SECRET_KEY", LUOSHI_HOME / "secret", secrets.token_urlsafe(50))
LUOSHI_DATA_KEYS = [
    _secret("LUOSHI_DATA_KEY", LUOSHI_HOME / "data-key", secrets.token_hex(16)),
    *(key for key in os.environ.get("LUOSHI_OLD_DATA_KEYS", "").split(",") if key),
]
LUOSHI_KEYS = Path(os.environ.get("LUOSHI_KEYS", LUOSHI_HOME / "keys"))
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("LUOSHI_OLD_SECRET_KEYS", "").split(",") if key]
DEBUG = _switch("LUOSHI_DEBUG", False)
ALLOWED_HOSTS = os.environ.get("LUOSHI_HOSTS", "localhost,127.0.0.1").split(",")
_this_machine = {"localhost", "127.0.0.1", "[::1]"}
LUOSHI_HTTPS = _switch("LUOSHI_HTTPS", not set(ALLOWED_HOSTS) <= _this_machine)
LUOSHI_PROXY = _switch("LUOSHI_PROXY", False)

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "django.contrib.admin.apps.SimpleAdminConfig",  # `project/urls.py` gathers what the staff shell shows
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    *PLATFORM,
    *SUPERVISION,
    *SERVICES,
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "luoshi.web.middleware.PageMiddleware",
    "luoshi.platform.access.middleware.SessionRulesMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "luoshi.project.urls"
WSGI_APPLICATION = "luoshi.project.wsgi.application"
ASGI_APPLICATION = "luoshi.project.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "luoshi.platform.access.context.access",
                "luoshi.supervision.alerts.context.unread",
            ],
        },
    },
]

# --- data ----------------------------------------------------------------------------------------------------------


def _database() -> dict[str, Any]:
    """The store. SQLite gets write-ahead logging, and takes its write lock when a transaction begins: a reader that
    turns writer half-way would be refused where another writer came first. The file is read and not mapped: what is
    mapped brings the neighbourhood of every page from the disk, hundreds of KiB for one resource. PostgreSQL plans a
    prepared statement once (those of the store are visits to an index); left alone it plans one with a list anew each
    time, since it sees how long the list is."""
    url = f"sqlite:///{LUOSHI_HOME / 'luoshi.sqlite3'}"
    config: dict[str, Any] = dict(dj_database_url.config(default=url, conn_max_age=60, conn_health_checks=True))
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536; "
            "PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;",
        }
    else:
        options = config.setdefault("OPTIONS", {})
        options.setdefault("options", "-c plan_cache_mode=force_generic_plan")
        options.setdefault("prepare_threshold", 5)  # Django's own cursors prepare nothing; see `platform.statements`
    return config


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 2**20
# Charts as drawn and the overviews of places; the default of 300 entries would let go of them within minutes.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2000}},
    # Charts take a tenth of a second each to draw: one process draws them for all, and for those after a restart.
    "charts": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": LUOSHI_HOME / "kept" / "charts",
        "TIMEOUT": 7 * 24 * 3600,
        "OPTIONS": {"MAX_ENTRIES": 5000},
    },
}

# --- people --------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "full_name", "email")},
    },
    {"NAME": "luoshi.platform.access.passwords.NotUsedBefore", "OPTIONS": {"remember": 8}},
]
LOGIN_URL = "access:sign-in"
# Pages with a door of their own: where residents sign in again after a pause.
LUOSHI_SIGN_IN_BELOW = {"/my/": "resident_portal:sign-in", "/health-code/my/": "resident_portal:sign-in"}
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "access:sign-in"

# Five wrong passwords for an account from one address: a quarter of an hour to wait.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "luoshi.platform.access.pages.locked_out"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "luoshi.platform.access.pages.client_address"

SESSION_COOKIE_NAME = "luoshi_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = LUOSHI_HTTPS
CSRF_COOKIE_NAME = "luoshi_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = LUOSHI_HTTPS
CSRF_FAILURE_VIEW = "luoshi.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = LUOSHI_HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if LUOSHI_HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if LUOSHI_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- mail ----------------------------------------------------------------------------------------------------------


def _mail(address: str) -> dict[str, Any]:
    """Django's settings of an address of mail; links and messages leave through it."""
    if address == "file":
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend"}
    parts = urlsplit(address)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and bool(parts.username),
    }


LUOSHI_MAIL = os.environ.get("LUOSHI_MAIL", "")
globals().update(_mail(LUOSHI_MAIL))
EMAIL_FILE_PATH = LUOSHI_HOME / "mail"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("LUOSHI_MAIL_FROM", "luoshi@localhost")
LUOSHI_ADDRESS = os.environ.get("LUOSHI_ADDRESS", f"http{'s' if LUOSHI_HTTPS else ''}://{ALLOWED_HOSTS[0]}")

# --- language, time, static files ----------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = LUOSHI_HOME / "static"
# Served from the applications' own folders when nobody collected them (a fresh machine), from STATIC_ROOT otherwise.
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = not any(STATIC_ROOT.iterdir())

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"axes": {"level": "ERROR"}, "luoshi": {"level": "INFO"}},
}

UNFOLD = {
    "SITE_TITLE": "落实 Luoshi",
    "SITE_HEADER": _("落实 · 后台"),
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {"show_search": False, "show_all_applications": False},
}
