from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Head',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField()),
                ('hash', models.CharField(max_length=64)),
                ('signature', models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='序号')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('by', models.CharField(max_length=150, verbose_name='操作人')),
                ('action', models.CharField(max_length=60, verbose_name='动作')),
                ('object_type', models.CharField(max_length=40, verbose_name='对象类型')),
                ('object_id', models.CharField(max_length=120, verbose_name='对象')),
                ('scope_division', models.CharField(blank=True, default='', max_length=24, verbose_name='区划')),
                ('detail', models.JSONField(default=dict, verbose_name='详情')),
                ('previous', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
            ],
            options={
                'verbose_name': '审计记录',
                'verbose_name_plural': '审计记录',
                'ordering': ['-number'],
                'indexes': [models.Index(fields=['object_type', 'object_id'], name='audit_object'), models.Index(fields=['by', 'at'], name='audit_by')],
            },
        ),
    ]
