"""`python -m luoshi.platform.jobs.worker`: the process that runs the queue."""

from __future__ import annotations

import os


def main() -> None:
    """Run until told to stop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "luoshi.project.settings")
    import django

    django.setup()
    from luoshi.platform.jobs.queue import work

    work()


if __name__ == "__main__":
    main()
