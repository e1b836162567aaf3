from typing import Any

import django.db.models.deletion
from django.db import migrations, models

TABLE = """
    CREATE TABLE store_mark (
        mark bigint NOT NULL, day integer NOT NULL, resource bigint NOT NULL, PRIMARY KEY (mark, day, resource)
    )"""


def make(apps: Any, editor: Any) -> None:
    """SQLite keeps the table in its key alone."""
    editor.execute(TABLE + (" WITHOUT ROWID" if editor.connection.vendor == "sqlite" else ""))


def drop(apps: Any, editor: Any) -> None:
    editor.execute("DROP TABLE store_mark")


class Migration(migrations.Migration):

    replaces = [('store', '0001_initial'), ('store', '0002_person_name'), ('store', '0003_marks')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='PersonChange',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('chunk', models.BigIntegerField(db_index=True)),
                ('person', models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='Source',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='名称')),
                ('title', models.CharField(blank=True, default='', max_length=200, verbose_name='说明')),
                ('division', models.CharField(blank=True, default='', max_length=24, verbose_name='区划')),
                ('institution', models.CharField(blank=True, default='', max_length=60, verbose_name='机构')),
                ('registered', models.DateTimeField(auto_now_add=True, verbose_name='登记时间')),
            ],
            options={
                'verbose_name': '数据来源',
                'verbose_name_plural': '数据来源',
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(max_length=150)),
                ('started', models.DateTimeField(auto_now_add=True)),
                ('finished', models.DateTimeField(null=True)),
                ('state', models.CharField(default='running', max_length=10)),
                ('counts', models.JSONField(default=dict)),
                ('message', models.CharField(blank=True, default='', max_length=500)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.source')),
            ],
        ),
        migrations.CreateModel(
            name='Person',
            fields=[
                ('number', models.BigAutoField(primary_key=True, serialize=False)),
                ('division', models.CharField(blank=True, default='', max_length=24)),
                ('institution', models.CharField(blank=True, default='', max_length=60)),
                ('chunk', models.BigIntegerField()),
                ('name', models.CharField(blank=True, db_default='', default='', max_length=100)),
            ],
            options={
                'indexes': [models.Index(fields=['division'], name='store_person_division'), models.Index(fields=['name'], name='store_person_name', opclasses=['varchar_pattern_ops'])],
            },
        ),
        migrations.CreateModel(
            name='RunFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('path', models.CharField(max_length=1000)),
                ('size', models.BigIntegerField()),
                ('changed', models.BigIntegerField()),
                ('position', models.BigIntegerField(default=0)),
                ('lines', models.BigIntegerField(default=0)),
                ('done', models.BooleanField(default=False)),
                ('message', models.CharField(blank=True, default='', max_length=500)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to='store.run')),
            ],
            options={
                'indexes': [models.Index(fields=['path'], name='store_runfile_path')],
            },
        ),
        migrations.CreateModel(
            name='Resource',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('type', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=64)),
                ('public_id', models.CharField(max_length=64)),
                ('person', models.BigIntegerField(null=True)),
                ('version', models.IntegerField()),
                ('hash', models.CharField(max_length=32)),
                ('deleted', models.BooleanField(default=False)),
                ('touched', models.BigIntegerField()),
                ('source', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, to='store.source')),
            ],
            options={
                'indexes': [models.Index(fields=['type', 'person'], name='store_resource_person'), models.Index(fields=['touched'], name='store_resource_touched'), models.Index(condition=models.Q(('public_id', models.F('key')), _negated=True), fields=['type', 'public_id'], name='store_resource_renamed')],
                'constraints': [models.UniqueConstraint(fields=('type', 'key', 'source'), name='store_resource_once')],
            },
        ),
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('line', models.BigIntegerField()),
                ('hash', models.CharField(max_length=32)),
                ('reason', models.CharField(max_length=40)),
                ('place', models.CharField(max_length=300)),
                ('text', models.CharField(max_length=500)),
                ('at', models.BigIntegerField()),
                ('body', models.BinaryField()),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='store.run')),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='store.runfile')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.source')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'hash'), name='store_refusal_once')],
            },
        ),
        migrations.CreateModel(
            name='Pending',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('key', models.CharField(max_length=250)),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='store.resource')),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='store.source')),
            ],
            options={
                'indexes': [models.Index(fields=['key'], name='store_pending_key')],
            },
        ),
        migrations.CreateModel(
            name='Chunk',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.BigIntegerField()),
                ('counts', models.JSONField(default=dict)),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='store.runfile')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.source')),
            ],
        ),
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('known_from', models.BigIntegerField()),
                ('known_to', models.BigIntegerField(null=True)),
                ('hash', models.CharField(max_length=32)),
                ('chunk', models.BigIntegerField()),
                ('body', models.TextField()),
                ('resource', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='store.resource')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('resource', 'version'), name='store_version_once')],
            },
        ),
        migrations.CreateModel(
            name='PersonIdentifier',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('system', models.CharField(max_length=120)),
                ('value', models.CharField(max_length=120)),
                ('person', models.ForeignKey(db_column='person', on_delete=django.db.models.deletion.PROTECT, related_name='identifiers', to='store.person')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('system', 'value'), name='store_identifier_once')],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=20)),
                ('person', models.BigIntegerField()),
                ('other', models.BigIntegerField(null=True)),
                ('at', models.BigIntegerField()),
                ('state', models.CharField(default='open', max_length=10)),
                ('resource', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='store.resource')),
            ],
            options={
                'indexes': [models.Index(fields=['state', 'kind'], name='store_review_state')],
            },
        ),
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
