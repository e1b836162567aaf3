import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Bulk',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=6)),
                ('by', models.CharField(max_length=150)),
                ('source', models.BigIntegerField(null=True)),
                ('request', models.CharField(max_length=2000)),
                ('asked', models.JSONField(default=dict)),
                ('at', models.DateTimeField()),
                ('state', models.CharField(default='running', max_length=10)),
                ('progress', models.JSONField(default=dict)),
                ('files', models.JSONField(default=list)),
                ('message', models.CharField(blank=True, default='', max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name='Subscriber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.BigIntegerField()),
                ('key', models.CharField(max_length=64)),
                ('type', models.CharField(max_length=40)),
                ('criteria', models.CharField(max_length=1000)),
                ('endpoint', models.CharField(max_length=500)),
                ('payload', models.BooleanField(default=False)),
                ('headers', models.JSONField(default=list)),
                ('until', models.BigIntegerField(null=True)),
                ('state', models.CharField(default='active', max_length=10)),
                ('position', models.BigIntegerField()),
                ('attempts', models.IntegerField(default=0)),
                ('due', models.DateTimeField()),
                ('delivered', models.BigIntegerField(default=0)),
                ('error', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'key'), name='fhir_subscriber_once')],
            },
        ),
    ]
