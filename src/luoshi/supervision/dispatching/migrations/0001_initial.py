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
            name='Dispatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('target', models.BigIntegerField()),
                ('plan_title', models.CharField(max_length=300, verbose_name='规划')),
                ('indicator', models.CharField(max_length=80, verbose_name='指标')),
                ('title', models.CharField(max_length=200, verbose_name='目标')),
                ('promise', models.CharField(max_length=60, verbose_name='目标值')),
                ('unit', models.CharField(max_length=30)),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('path', models.CharField(max_length=200)),
                ('period_start', models.DateField()),
                ('period_end', models.DateField()),
                ('period_kind', models.CharField(max_length=30)),
                ('at', models.DateTimeField(verbose_name='派单时间')),
                ('due', models.DateField(verbose_name='期限')),
                ('note', models.CharField(blank=True, default='', max_length=500, verbose_name='要求')),
                ('state', models.CharField(default='open', max_length=12, verbose_name='状态')),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_why', models.CharField(blank=True, default='', max_length=500)),
                ('heard_before', models.DateField(null=True)),
                ('numerator_before', models.FloatField(null=True)),
                ('denominator_before', models.FloatField(null=True)),
                ('value_before', models.FloatField(null=True)),
                ('missing_before', models.PositiveIntegerField()),
                ('told', models.JSONField(default=dict)),
                ('edition', models.CharField(blank=True, default='', max_length=80)),
                ('heard_now', models.DateField(null=True)),
                ('numerator_now', models.FloatField(null=True)),
                ('denominator_now', models.FloatField(null=True)),
                ('value_now', models.FloatField(null=True)),
                ('missing_now', models.PositiveIntegerField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='派单人')),
            ],
            options={
                'verbose_name': '派单',
                'verbose_name_plural': '派单',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['state', 'indicator'], name='dispatching_open'), models.Index(fields=['path'], name='dispatching_path')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state', 'open'), ('ended_at__isnull', False), _connector='OR'), name='dispatching_ended_once')],
            },
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=80)),
                ('person', models.BigIntegerField(null=True)),
                ('division', models.CharField(max_length=24)),
                ('home', models.CharField(max_length=200)),
                ('institution', models.CharField(blank=True, default='', max_length=60, verbose_name='办理机构')),
                ('reason', models.CharField(max_length=300, verbose_name='派单时原因')),
                ('reason_en', models.CharField(blank=True, default='', max_length=300)),
                ('state', models.CharField(default='sent', max_length=10, verbose_name='办理')),
                ('acted_by', models.CharField(blank=True, default='', max_length=150)),
                ('acted_on', models.DateField(null=True)),
                ('said', models.CharField(blank=True, default='', max_length=500, verbose_name='说明')),
                ('lapsed', models.PositiveSmallIntegerField(default=0)),
                ('data', models.CharField(choices=[('missing', '仍未计入'), ('counted', '已计入'), ('left', '已不在统计范围')], default='missing', max_length=10, verbose_name='数据')),
                ('reason_now', models.CharField(blank=True, default='', max_length=300)),
                ('reason_now_en', models.CharField(blank=True, default='', max_length=300)),
                ('settled_on', models.DateField(null=True)),
                ('dispatch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='dispatching.dispatch')),
            ],
            options={
                'verbose_name': '派单事项',
                'verbose_name_plural': '派单事项',
                'ordering': ['institution', 'reason', 'subject'],
                'indexes': [models.Index(fields=['institution', 'data', 'state'], name='dispatching_of_institution'), models.Index(fields=['home'], name='dispatching_home')],
                'constraints': [models.UniqueConstraint(fields=('dispatch', 'subject'), name='dispatching_once_each'), models.CheckConstraint(condition=models.Q(('data', 'missing'), ('settled_on__isnull', False), _connector='OR'), name='dispatching_settled_with_day')],
            },
        ),
    ]
