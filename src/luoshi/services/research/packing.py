"""The package: data, what the columns mean, and a readme that names the project, the taker and the package."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import Any

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from luoshi.kernel import clock
from luoshi.services.research import rules
from luoshi.services.research.blurring import Checked
from luoshi.services.research.models import Project

FORMATS = ("csv", "parquet")


def pack(
    project: Project, checked: Checked, table: pa.Table, *, package: str, by: str, format_: str
) -> tuple[bytes, str]:
    """The zip file and the SHA-256 of it."""
    out = io.BytesIO()
    marked = table.replace_schema_metadata(
        {"luoshi.package": package, "luoshi.project": str(project.pk), "luoshi.by": by}
    )
    data = io.BytesIO()
    if format_ == "parquet":
        pq.write_table(marked, data, compression="zstd")
    else:
        arrow_csv.write_csv(table, data)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr(f"data.{format_}", data.getvalue())
        box.writestr("columns.csv", _columns(project))
        box.writestr("README.txt", readme(project, checked, table.num_rows, package=package, by=by))
    body = out.getvalue()
    return body, hashlib.sha256(body).hexdigest()


def _columns(project: Project) -> str:
    known = rules.deidentification().columns(project.table)
    lines = ["column,name,name_en,role,step", "person,本课题内的代号,name within this project,pseudonym,hmac-sha256"]
    for name, step in project.columns.items():
        leaving = known[name]
        lines.append(f"{name},{leaving.name},{leaving.name_en},{leaving.role},{step or leaving.as_ or 'exact'}")
    return "﻿" + "\n".join(lines) + "\n"


def readme(project: Project, checked: Checked, rows: int, *, package: str, by: str) -> str:
    """What every reader of the data must know, in both languages."""
    declared = rules.deidentification()
    people: list[tuple[str, Any]] = [
        ("数据包 / package", package),
        ("课题 / project", f"#{project.pk} {project.title}"),
        ("用途 / purpose", project.purpose),
        ("伦理批件 / ethics", project.ethics or "—"),
        ("领取人 / taken by", by),
        ("领取时间 / taken at", clock.now().isoformat(timespec="seconds")),
        ("有效期至 / valid until", project.expires or "—"),
        ("数据表 / table", project.table),
        ("期间 / period", f"{project.start} – {project.end}"),
        ("区划 / division", project.division),
        ("行数 / rows", rows),
        ("略去行数 / rows left out", checked.rows - rows),
        ("k", f"{project.k} (每种组合至少 {project.k} 人 / at least {project.k} residents share every combination)"),
    ]
    lines = [f"{name}: {value}" for name, value in people]
    for column, few in checked.poor.items():
        if few:
            lines.append(
                f"l: {column} 在 {few} 个组合中取值少于 {declared.l} 种，可能推断个人情况 / "
                f"{column} has fewer than {declared.l} values in {few} combinations: do not conclude on persons"
            )
    lines += [
        "",
        "只限本课题使用，不得转让，不得与其他数据拼接以识别个人；文件的行序即数据包的水印。",
        "For this project only. Do not pass it on, do not join it with other data to find persons. The order of the rows "
        "marks this package.",
        "“person”是本课题内的代号，课题关闭时密钥销毁，此后无法还原或续接。",
        "`person` is a name within this project; its key is destroyed when the project is closed.",
    ]
    return "\n".join(lines) + "\n"
