"""Reading plan documents: the whole reading against only opening the file, for every sample and a long one made of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.row import Row, best
from luoshi.documents import open_document
from luoshi.plans.read import read, read_file

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
LONG = 20  # copies of the sample, numbered on: about 800 tasks


def rows(residents: int) -> Iterator[Row]:
    """Seconds to read each sample, with the seconds to open it as the floor. The size of the region plays no part."""
    for path in sorted(SAMPLES.glob("*2025*.*")):
        if path.suffix in (".docx", ".txt"):
            document, plan = read_file(path)
            size = f"{len(document.text):,} characters, {len(plan.tasks)} tasks, {len(plan.targets)} targets"
            opened = best(lambda path=path: open_document(path))
            yield Row(f"a plan in {path.suffix}", best(lambda path=path: read_file(path)), opened, size=size)
    with tempfile.TemporaryDirectory() as folder:
        path = _long(Path(folder))
        document = open_document(path)
        taken = best(lambda: read(document), 1)
        yield Row("a long plan", taken, best(lambda: open_document(path), 1), size=f"{len(document.text):,} characters")


def _long(folder: Path) -> Path:
    """The sample's actions again and again, each copy a part of its own."""
    text = next(SAMPLES.glob("*2025*.txt")).read_text("utf-8")
    head, _, body = text.partition("一、")
    path = folder / "long.txt"
    path.write_text(head + "\n".join("一、" + body for _ in range(LONG)), "utf-8")
    return path
