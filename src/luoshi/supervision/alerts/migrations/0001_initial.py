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
            name='SeenLight',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.BigIntegerField()),
                ('division', models.CharField(max_length=24)),
                ('light', models.CharField(max_length=10)),
                ('since', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('target', 'division'), name='alerts_one_light')],
            },
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40, verbose_name='类别')),
                ('key', models.CharField(max_length=200)),
                ('values', models.JSONField(default=dict)),
                ('link', models.CharField(blank=True, default='', max_length=300)),
                ('object_type', models.CharField(blank=True, default='', max_length=40)),
                ('object_id', models.CharField(blank=True, default='', max_length=60)),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('read_at', models.DateTimeField(null=True, verbose_name='阅读时间')),
                ('left_at', models.DateTimeField(null=True, verbose_name='发出时间')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages_received', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '消息',
                'verbose_name_plural': '消息',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['user', '-at'], name='alerts_of_reader'), models.Index(condition=models.Q(('read_at__isnull', True)), fields=['user'], name='alerts_unread'), models.Index(condition=models.Q(('left_at__isnull', True)), fields=['at'], name='alerts_not_left')],
                'constraints': [models.UniqueConstraint(fields=('user', 'key'), name='alerts_told_once')],
            },
        ),
        migrations.CreateModel(
            name='Outgoing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(max_length=10, verbose_name='方式')),
                ('key', models.CharField(max_length=200)),
                ('title', models.CharField(max_length=200, verbose_name='标题')),
                ('body', models.TextField()),
                ('urgent', models.BooleanField(default=False)),
                ('at', models.DateTimeField(verbose_name='生成时间')),
                ('state', models.CharField(choices=[('waiting', '待发送'), ('sent', '已发送'), ('given-up', '多次失败，已停止')], default='waiting', max_length=10, verbose_name='状态')),
                ('attempts', models.PositiveSmallIntegerField(default=0, verbose_name='尝试次数')),
                ('due', models.DateTimeField()),
                ('sent_at', models.DateTimeField(null=True, verbose_name='发送时间')),
                ('error', models.CharField(blank=True, default='', max_length=200, verbose_name='失败原因')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '待发消息',
                'verbose_name_plural': '待发消息',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['due'], name='alerts_waiting')],
                'constraints': [models.UniqueConstraint(fields=('user', 'channel', 'key'), name='alerts_leaves_once')],
            },
        ),
        migrations.CreateModel(
            name='Preference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mail', models.BooleanField(default=True, verbose_name='用邮件发送')),
                ('hook_kind', models.CharField(blank=True, default='', max_length=10, verbose_name='群机器人')),
                ('hook_url', models.CharField(blank=True, default='', editable=False, max_length=1200)),
                ('hook_secret', models.CharField(blank=True, default='', editable=False, max_length=400)),
                ('quiet_from', models.PositiveSmallIntegerField(default=21, verbose_name='免打扰自')),
                ('quiet_to', models.PositiveSmallIntegerField(default=7, verbose_name='免打扰至')),
                ('muted', models.JSONField(default=list, verbose_name='不接收')),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='alert_preference', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': '消息设置',
                'verbose_name_plural': '消息设置',
                'constraints': [models.CheckConstraint(condition=models.Q(('quiet_from__lte', 23), ('quiet_to__lte', 23)), name='alerts_hours_of_a_day')],
            },
        ),
    ]
