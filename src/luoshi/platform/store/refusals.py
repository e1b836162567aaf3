"""What was refused: kept as it came, and given back to the sender."""

from __future__ import annotations

from pathlib import Path

import orjson

from luoshi.platform.store.models import Refusal


def write_refused(run: int, path: Path) -> int:
    """Write the refusals of an ingest to `path` as NDJSON: file, line, reason, place, text, and the resource as it came
    (as a string, since it may not be JSON). Returns how many."""
    count = 0
    with path.open("wb") as file:
        for refusal in Refusal.objects.filter(run=run).select_related("file").order_by("pk").iterator():
            file.write(
                orjson.dumps(
                    {
                        "file": refusal.file.path if refusal.file else None,
                        "line": refusal.line,
                        "reason": refusal.reason,
                        "place": refusal.place,
                        "text": refusal.text,
                        "body": bytes(refusal.body).decode("utf-8", "backslashreplace"),
                    },
                    option=orjson.OPT_APPEND_NEWLINE,
                )
            )
            count += 1
    return count
