"""One Spark for all tests of a worker, as small as it gets."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from luoshi.engines import engine
from luoshi.engines.spark import SparkEngine

# Compiling costs more than running over a few hundred rows.
SMALL = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.ui.explainMode": "simple",  # plans are written out for nobody
    "spark.sql.maxPlanStringLength": "200",
    "spark.sql.debug.maxToStringFields": "0",
    "spark.sql.ui.retainedExecutions": "1",  # and what was run is shown to nobody
    "spark.shuffle.compress": "false",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkEngine]:
    """The engine on two threads of this process."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java (tools/system-packages installs it)")
    running = engine("spark", master="local[2]", options=SMALL)
    assert isinstance(running, SparkEngine)
    yield running
    running.spark.stop()
