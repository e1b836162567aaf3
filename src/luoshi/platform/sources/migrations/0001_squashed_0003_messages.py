import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('sources', '0001_initial'), ('sources', '0002_documents'), ('sources', '0003_messages')]

    initial = True

    dependencies = [
        ('store', '0001_squashed_0003_marks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Registration',
            fields=[
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='registration', serialize=False, to='store.source')),
                ('contact', models.CharField(blank=True, default='', max_length=200, verbose_name='联系人')),
                ('mode', models.CharField(choices=[('reject', '退回'), ('quarantine', '隔离'), ('flag', '收下并标记')], default='reject', max_length=12, verbose_name='不合格时')),
                ('profile', models.CharField(blank=True, default='', max_length=12, verbose_name='校验规则')),
                ('active', models.BooleanField(default=True, verbose_name='启用')),
            ],
            options={
                'verbose_name': '来源登记',
                'verbose_name_plural': '来源登记',
            },
        ),
        migrations.CreateModel(
            name='Attempt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=140)),
                ('window', models.BigIntegerField()),
                ('count', models.IntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'window'), name='sources_attempt_once')],
            },
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('client_id', models.CharField(max_length=60, unique=True)),
                ('secret', models.CharField(max_length=64)),
                ('previous', models.CharField(blank=True, default='', max_length=64)),
                ('previous_until', models.DateTimeField(null=True)),
                ('scopes', models.CharField(max_length=500)),
                ('made', models.DateTimeField(auto_now_add=True)),
                ('rotated', models.DateTimeField(null=True)),
                ('used', models.DateTimeField(null=True)),
                ('revoked', models.DateTimeField(null=True)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='clients', to='store.source')),
            ],
            options={
                'verbose_name': '接入凭据',
                'verbose_name_plural': '接入凭据',
            },
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('scopes', models.CharField(max_length=500)),
                ('issued', models.DateTimeField()),
                ('expires', models.DateTimeField(db_index=True)),
                ('revoked', models.DateTimeField(null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='sources.client')),
            ],
        ),
        migrations.CreateModel(
            name='Feed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(blank=True, default='', max_length=60, verbose_name='内容')),
                ('hours', models.PositiveIntegerField(default=24, verbose_name='至少每几小时一次')),
                ('since', models.DateField(verbose_name='起始日')),
                ('ended', models.DateField(blank=True, null=True, verbose_name='停止日')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='feeds', to='store.source')),
            ],
            options={
                'verbose_name': '申报的数据',
                'verbose_name_plural': '申报的数据',
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended__isnull', True)), fields=('source', 'kind'), name='sources_feed_once')],
            },
        ),
        migrations.CreateModel(
            name='Flag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('resource', models.BigIntegerField()),
                ('version', models.IntegerField()),
                ('issues', models.JSONField()),
                ('at', models.BigIntegerField()),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='store.source')),
            ],
            options={
                'indexes': [models.Index(fields=['source', '-at'], name='sources_flag_source')],
                'constraints': [models.UniqueConstraint(fields=('resource', 'version'), name='sources_flag_once')],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=200)),
                ('digest', models.CharField(max_length=64)),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='store.source')),
                ('body', models.BinaryField(default=b'')),
                ('kind', models.CharField(blank=True, default='', max_length=20)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'key', 'digest'), name='sources_message_once')],
            },
        ),
        migrations.CreateModel(
            name='Quarantined',
            fields=[
                ('refusal', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='quarantined', serialize=False, to='store.refusal')),
                ('state', models.CharField(default='held', max_length=10)),
                ('issues', models.JSONField(default=list)),
                ('at', models.BigIntegerField()),
                ('by', models.CharField(blank=True, default='', max_length=150)),
                ('decided', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=300)),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='store.source')),
            ],
            options={
                'indexes': [models.Index(fields=['source', 'state'], name='sources_quarantine')],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('kind', models.CharField(max_length=60)),
                ('received', models.BigIntegerField(default=0)),
                ('refused', models.BigIntegerField(default=0)),
                ('quarantined', models.BigIntegerField(default=0)),
                ('flagged', models.BigIntegerField(default=0)),
                ('last', models.BigIntegerField()),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tallies', to='store.source')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'kind', 'day'), name='sources_tally_once')],
            },
        ),
        migrations.CreateModel(
            name='Document',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=64)),
                ('version', models.IntegerField(default=0)),
                ('made', models.JSONField(default=list)),
                ('source', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='store.source')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'key'), name='sources_document_once')],
            },
        ),
        migrations.CreateModel(
            name='Mapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60)),
                ('text', models.TextField()),
                ('changed', models.DateTimeField(auto_now=True)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='mappings', to='store.source')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'name'), name='sources_mapping_once')],
            },
        ),
    ]
