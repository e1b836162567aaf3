from typing import Any

import orjson
from django.db import migrations, models

TABLE = """
    CREATE TABLE store_mark (
        mark bigint NOT NULL, day integer NOT NULL, resource bigint NOT NULL, PRIMARY KEY (mark, day, resource)
    )"""


def make(apps: Any, editor: Any) -> None:
    """The table; SQLite keeps it in its key alone. What is stored already is marked."""
    sqlite = editor.connection.vendor == "sqlite"
    editor.execute(TABLE + (" WITHOUT ROWID" if sqlite else ""))
    from luoshi.platform.store.marks import marks

    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT max(id) FROM store_resource")
        last = cursor.fetchone()[0] or 0
        for first in range(1, last + 1, 10_000):
            cursor.execute(
                "SELECT r.id, v.body FROM store_resource r"
                " JOIN store_version v ON v.resource_id = r.id AND v.version = r.version"
                " WHERE r.id BETWEEN %s AND %s AND v.body <> ''",
                [first, first + 9_999],
            )
            rows = [(m, day, id_) for id_, body in cursor.fetchall() for m, day in marks(orjson.loads(body))]
            cursor.executemany("INSERT INTO store_mark (mark, day, resource) VALUES (%s, %s, %s)", rows)


def drop(apps: Any, editor: Any) -> None:
    editor.execute("DROP TABLE store_mark")


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0002_person_name'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(make, drop)],
            state_operations=[
                migrations.CreateModel(
                    name='Mark',
                    fields=[
                        ('pk', models.CompositePrimaryKey('mark', 'day', 'resource', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('mark', models.BigIntegerField()),
                        ('day', models.IntegerField()),
                        ('resource', models.BigIntegerField()),
                    ],
                ),
            ],
        ),
    ]
