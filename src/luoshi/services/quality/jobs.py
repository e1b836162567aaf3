"""The jobs of the desk: run all checks, look for signs. What they need is loaded when they run: SciPy takes a second,
and every command would wait for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from luoshi.platform.jobs.registry import Progress, job


@job("quality.run", restartable=True, every=timedelta(hours=1))
def run(progress: Progress, by: str = "system") -> dict[str, Any]:
    """Run the checks over what changed in the lake."""
    from luoshi.services.quality import actions

    progress(0, 1)
    ran = actions.run(by=by)
    progress(1, 1)
    return {"rows": ran.rows, "failing": ran.failing, "seconds": round(ran.seconds, 1)}


@job("quality.authenticity", restartable=True, every=timedelta(days=1))
def look(progress: Progress, by: str = "system") -> dict[str, Any]:
    """Look for signs of records made at the desk."""
    from luoshi.services.quality import judging

    progress(0, 1)
    examined = judging.look(by=by)
    progress(1, 1)
    return {"units": examined.units, "shown": len(examined.shown)}
