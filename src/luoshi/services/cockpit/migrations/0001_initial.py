from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Boundary',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('division', models.CharField(max_length=24, unique=True, verbose_name='区划')),
                ('polygons', models.JSONField()),
                ('source', models.CharField(blank=True, default='', max_length=200, verbose_name='来源')),
                ('approval', models.CharField(blank=True, default='', max_length=60, verbose_name='审图号')),
                ('by', models.CharField(max_length=150, verbose_name='导入人')),
                ('at', models.DateTimeField(verbose_name='时间')),
            ],
            options={
                'verbose_name': '区划边界',
                'verbose_name_plural': '区划边界',
                'ordering': ['division'],
            },
        ),
    ]
