import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Belonging',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('resource', models.BigIntegerField(db_index=True)),
                ('person', models.BigIntegerField(db_index=True, null=True)),
                ('known_from', models.BigIntegerField()),
                ('known_to', models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Origin',
            fields=[
                ('resource', models.BigIntegerField(primary_key=True, serialize=False)),
                ('person', models.BigIntegerField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='State',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mode', models.CharField(default='review', max_length=10)),
                ('chunk', models.BigIntegerField(default=0)),
                ('resource', models.BigIntegerField(default=0)),
                ('model', models.TextField(blank=True, default='')),
                ('learned_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Key',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('key', models.BigIntegerField()),
                ('slot', models.SmallIntegerField()),
                ('resource', models.BigIntegerField(db_index=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('key', 'slot'), name='identity_key_slot')],
            },
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('child', models.BigIntegerField()),
                ('parent', models.BigIntegerField(db_index=True)),
                ('root', models.BigIntegerField(db_index=True)),
                ('basis', models.CharField(max_length=10)),
                ('reason', models.CharField(max_length=500)),
                ('by', models.CharField(max_length=150)),
                ('at', models.BigIntegerField()),
                ('chunk', models.BigIntegerField()),
                ('ended_at', models.BigIntegerField(null=True)),
                ('ended_by', models.CharField(blank=True, default='', max_length=150)),
                ('ended_reason', models.CharField(blank=True, default='', max_length=500)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('child',), name='identity_one_parent')],
            },
        ),
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('left', models.BigIntegerField()),
                ('right', models.BigIntegerField(db_index=True)),
                ('left_record', models.BigIntegerField()),
                ('right_record', models.BigIntegerField()),
                ('origin', models.CharField(default='match', max_length=10)),
                ('probability', models.FloatField()),
                ('weight', models.FloatField()),
                ('band', models.CharField(max_length=10)),
                ('evidence', models.JSONField(default=list)),
                ('note', models.CharField(blank=True, default='', max_length=200)),
                ('risk', models.FloatField(default=0)),
                ('state', models.CharField(default='open', max_length=10, verbose_name='状态')),
                ('at', models.DateTimeField()),
                ('changed', models.DateTimeField()),
                ('revision', models.IntegerField(default=0)),
                ('link', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, to='identity.link')),
            ],
            options={
                'indexes': [models.Index(fields=['state', '-risk'], name='identity_case_queue')],
                'constraints': [models.UniqueConstraint(fields=('left', 'right'), name='identity_case_once')],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.CharField(max_length=10)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
                ('by', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
                ('undone', models.BooleanField(default=False)),
                ('case', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='identity.case')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Record',
            fields=[
                ('resource', models.BigIntegerField(primary_key=True, serialize=False)),
                ('raw', models.TextField()),
                ('matched', models.BooleanField(default=False)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('matched', False)), fields=['resource'], name='identity_record_waiting')],
            },
        ),
    ]
