import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Holder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField(unique=True)),
                ('opaque_id', models.CharField(max_length=32, unique=True)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='Used',
            fields=[
                ('serial', models.CharField(max_length=16, primary_key=True, serialize=False)),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='StaticCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('serial', models.CharField(max_length=16, unique=True)),
                ('key_id', models.PositiveIntegerField()),
                ('issued_at', models.DateTimeField()),
                ('issued_by', models.CharField(max_length=150)),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('revoked_by', models.CharField(blank=True, default='', max_length=150)),
                ('reason', models.CharField(blank=True, default='', max_length=40)),
                ('holder', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='codes', to='health_code.holder')),
            ],
            options={
                'indexes': [models.Index(fields=['expires_at'], name='health_code_expires')],
            },
        ),
    ]
