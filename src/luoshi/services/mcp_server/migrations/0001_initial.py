import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('access', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, verbose_name='用途')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('hint', models.CharField(max_length=12)),
                ('persons', models.BooleanField(default=False, verbose_name='可读人员名单')),
                ('made', models.DateTimeField(verbose_name='签发时间')),
                ('expires', models.DateTimeField(verbose_name='有效期至')),
                ('used', models.DateTimeField(null=True, verbose_name='最近使用')),
                ('revoked', models.DateTimeField(null=True, verbose_name='撤销时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assistant_tokens', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '助手令牌',
                'verbose_name_plural': '助手令牌',
                'ordering': ['-made', '-pk'],
            },
        ),
    ]
