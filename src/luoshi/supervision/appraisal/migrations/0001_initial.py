import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Meeting',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=120, verbose_name='会议')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('path', models.CharField(editable=False, max_length=160)),
                ('day', models.DateField(verbose_name='日期')),
                ('chair', models.CharField(blank=True, default='', max_length=60, verbose_name='主持')),
                ('present', models.CharField(blank=True, default='', max_length=500, verbose_name='参加单位')),
                ('state', models.CharField(choices=[('open', '进行中'), ('closed', '纪要已定')], default='open', max_length=8, verbose_name='状态')),
                ('by', models.CharField(max_length=150, verbose_name='记录人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('closed', models.DateTimeField(null=True, verbose_name='结束时间')),
                ('shown', models.JSONField(default=dict)),
            ],
            options={
                'verbose_name': '调度会',
                'verbose_name_plural': '调度会',
                'ordering': ['-day', '-pk'],
                'indexes': [models.Index(fields=['path'], name='appraisal_meeting_path')],
            },
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('target', models.BigIntegerField(null=True, verbose_name='目标')),
                ('what', models.CharField(max_length=500, verbose_name='议定事项')),
                ('who', models.CharField(max_length=100, verbose_name='责任单位')),
                ('due', models.DateField(verbose_name='完成时限')),
                ('by', models.CharField(max_length=150, verbose_name='记录人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('duty', models.BigIntegerField(null=True)),
                ('refused', models.CharField(blank=True, default='', max_length=300)),
                ('meeting', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='appraisal.meeting')),
            ],
            options={
                'verbose_name': '议定事项',
                'verbose_name_plural': '议定事项',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('path', models.CharField(editable=False, max_length=160)),
                ('title', models.CharField(max_length=120, verbose_name='标题')),
                ('slug', models.CharField(max_length=60)),
                ('version', models.PositiveIntegerField(verbose_name='版本')),
                ('scheme_body', models.JSONField()),
                ('as_of', models.DateField(verbose_name='截至')),
                ('state', models.CharField(choices=[('draft', '试算'), ('announced', '公示'), ('final', '定稿'), ('dropped', '作废')], default='draft', max_length=12, verbose_name='状态')),
                ('inputs_body', models.JSONField()),
                ('result_body', models.JSONField()),
                ('digest', models.CharField(max_length=64)),
                ('open_table', models.BooleanField(default=False, verbose_name='公示全表')),
                ('appeals_until', models.DateField(null=True, verbose_name='申诉截止')),
                ('by', models.CharField(max_length=150, verbose_name='操作人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('announced', models.DateTimeField(null=True, verbose_name='公示时间')),
            ],
            options={
                'verbose_name': '考核结果',
                'verbose_name_plural': '考核结果',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['path'], name='appraisal_run_path')],
            },
        ),
        migrations.CreateModel(
            name='SchemeVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=60, verbose_name='方案')),
                ('version', models.PositiveIntegerField(verbose_name='版本')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('path', models.CharField(editable=False, max_length=160)),
                ('body', models.JSONField()),
                ('note', models.CharField(blank=True, default='', max_length=300, verbose_name='修改说明')),
                ('by', models.CharField(max_length=150, verbose_name='修改人')),
                ('at', models.DateTimeField(verbose_name='时间')),
            ],
            options={
                'verbose_name': '考核方案',
                'verbose_name_plural': '考核方案',
                'ordering': ['slug', '-version'],
                'constraints': [models.UniqueConstraint(fields=('division', 'slug', 'version'), name='appraisal_version_once')],
            },
        ),
        migrations.CreateModel(
            name='Appeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('item', models.CharField(max_length=60, verbose_name='指标')),
                ('claim', models.CharField(max_length=1000, verbose_name='申诉理由')),
                ('value', models.FloatField(null=True, verbose_name='主张数值')),
                ('state', models.CharField(choices=[('filed', '待复核'), ('upheld', '成立'), ('rejected', '不成立'), ('taken-back', '撤回')], default='filed', max_length=12, verbose_name='状态')),
                ('by', models.CharField(max_length=150, verbose_name='申诉人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('answer', models.CharField(blank=True, default='', max_length=1000, verbose_name='复核意见')),
                ('source', models.CharField(blank=True, default='', max_length=300, verbose_name='更正依据')),
                ('corrected', models.JSONField(null=True)),
                ('effect', models.JSONField(null=True)),
                ('decided_by', models.CharField(blank=True, default='', max_length=150, verbose_name='复核人')),
                ('decided', models.DateTimeField(null=True, verbose_name='复核时间')),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='appeals', to='appraisal.run')),
            ],
            options={
                'verbose_name': '考核申诉',
                'verbose_name_plural': '考核申诉',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'filed')), fields=('run', 'division', 'item'), name='appraisal_one_open_appeal')],
            },
        ),
    ]
