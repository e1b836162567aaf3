"""Settings, all from the environment with defaults that work on a fresh machine.

| variable | default | meaning |
|---|---|---|
| `LUOSHI_HOME` | `var` under the working directory | database, lake, uploads, secret |
| `DATABASE_URL` | SQLite in `LUOSHI_HOME` | the store |
| `LUOSHI_LAKE` | `LUOSHI_HOME/lake` | the columnar copy |
| `LUOSHI_SECRET_KEY` | made once and kept in `LUOSHI_HOME` | signs sessions |
| `LUOSHI_HOSTS` | `localhost,127.0.0.1` | names the server answers to |
| `LUOSHI_TWO_FACTOR` | `1` | a second factor before a person is shown |
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import dj_database_url

from luoshi.project.installed import PLATFORM, SERVICES

LUOSHI_HOME = Path(os.environ.get("LUOSHI_HOME", "var")).resolve()
LUOSHI_HOME.mkdir(parents=True, exist_ok=True)
LUOSHI_LAKE = Path(os.environ.get("LUOSHI_LAKE", LUOSHI_HOME / "lake")).resolve()
LUOSHI_TWO_FACTOR = os.environ.get("LUOSHI_TWO_FACTOR", "1") == "1"


def _secret() -> str:
    given = os.environ.get("LUOSHI_SECRET_KEY")
    if given:
        return given
    kept = LUOSHI_HOME / "secret"
    try:
        with kept.open("x", encoding="ascii") as file:
            kept.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return kept.read_text("ascii")


SECRET_KEY = _secret()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("LUOSHI_HOSTS", "localhost,127.0.0.1").split(",")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    *PLATFORM,
    *SERVICES,
]

DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{LUOSHI_HOME / 'luoshi.sqlite3'}")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
STATIC_URL = "static/"
