import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Tracing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('person', models.BigIntegerField(db_index=True)),
                ('institution', models.CharField(max_length=60, verbose_name='机构')),
                ('taken', models.DateTimeField(null=True, verbose_name='采集时间')),
                ('received', models.DateTimeField(verbose_name='接收时间')),
                ('by', models.CharField(max_length=150)),
                ('format', models.CharField(max_length=10, verbose_name='格式')),
                ('leads', models.JSONField(verbose_name='导联')),
                ('frequency', models.FloatField(verbose_name='采样率')),
                ('seconds', models.FloatField(verbose_name='时长')),
                ('samples', models.BinaryField()),
                ('sha256', models.CharField(max_length=64)),
                ('measures', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name': '心电波形',
                'verbose_name_plural': '心电波形',
                'ordering': ['-received'],
                'constraints': [models.UniqueConstraint(fields=('person', 'sha256'), name='ecg_tracing_once')],
            },
        ),
        migrations.CreateModel(
            name='Request',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('person', models.BigIntegerField(db_index=True)),
                ('institution', models.CharField(max_length=60, verbose_name='申请机构')),
                ('division', models.CharField(max_length=160)),
                ('center', models.CharField(max_length=60, verbose_name='判读机构')),
                ('urgency', models.CharField(max_length=12, verbose_name='紧急程度')),
                ('question', models.CharField(max_length=500, verbose_name='临床情况')),
                ('by', models.CharField(max_length=150, verbose_name='申请人')),
                ('asked', models.DateTimeField(verbose_name='申请时间')),
                ('state', models.CharField(choices=[('requested', '待判读'), ('reading', '判读中'), ('reported', '已报告'), ('critical', '危急值待确认'), ('returned', '退回重做'), ('closed', '已完成'), ('withdrawn', '已撤回')], default='requested', max_length=12, verbose_name='状态')),
                ('reader', models.CharField(blank=True, default='', max_length=150, verbose_name='判读医生')),
                ('reported', models.DateTimeField(null=True, verbose_name='报告时间')),
                ('findings', models.CharField(blank=True, default='', max_length=2000, verbose_name='心电图所见')),
                ('conclusion', models.CharField(blank=True, default='', max_length=1000, verbose_name='诊断意见')),
                ('critical', models.JSONField(default=list, verbose_name='危急值')),
                ('report', models.CharField(blank=True, default='', max_length=64)),
                ('reason', models.CharField(blank=True, default='', max_length=500, verbose_name='退回原因')),
                ('acknowledged', models.DateTimeField(null=True, verbose_name='确认时间')),
                ('measures_taken', models.CharField(blank=True, default='', max_length=500, verbose_name='处置')),
                ('tracing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='requests', to='ecg.tracing')),
            ],
            options={
                'verbose_name': '远程心电申请',
                'verbose_name_plural': '远程心电申请',
                'ordering': ['-asked'],
                'indexes': [models.Index(fields=['center', 'state'], name='ecg_request_center'), models.Index(fields=['institution', 'asked'], name='ecg_request_asked')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['reported', 'critical', 'closed']), _negated=True), models.Q(('report', ''), _negated=True), _connector='OR'), name='ecg_reported_has_report')],
            },
        ),
    ]
