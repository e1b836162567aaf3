import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Return',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=60, verbose_name='来源')),
                ('received', models.DateField(null=True, verbose_name='收到日期')),
                ('check_id', models.CharField(blank=True, default='', max_length=60, verbose_name='检查')),
                ('by', models.CharField(max_length=150, verbose_name='退回人')),
                ('at', models.DateTimeField(verbose_name='退回时间')),
                ('total', models.PositiveIntegerField(verbose_name='行数')),
            ],
            options={
                'verbose_name': '退回批次',
                'verbose_name_plural': '退回批次',
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('unit', models.CharField(max_length=80, verbose_name='单元')),
                ('institution', models.CharField(max_length=60, verbose_name='机构')),
                ('test', models.CharField(max_length=40, verbose_name='方法')),
                ('first_day', models.DateField(verbose_name='起')),
                ('last_day', models.DateField(verbose_name='止')),
                ('found_at', models.DateTimeField(verbose_name='发现时间')),
                ('current', models.BooleanField(default=True)),
                ('trials', models.BigIntegerField()),
                ('observed', models.FloatField()),
                ('expected', models.FloatField()),
                ('statistic', models.FloatField()),
                ('effect', models.FloatField()),
                ('p_value', models.FloatField()),
                ('q_value', models.FloatField()),
                ('detail', models.JSONField(default=dict)),
                ('rows', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('open', '待判断'), ('explained', '有合理解释'), ('visit', '需现场核实'), ('corrected', '记录已更正')], default='open', max_length=12, verbose_name='状态')),
            ],
            options={
                'verbose_name': '真实性线索',
                'verbose_name_plural': '真实性线索',
                'ordering': ['q_value', 'unit'],
                'constraints': [models.UniqueConstraint(fields=('unit', 'test'), name='quality_finding_once')],
            },
        ),
        migrations.CreateModel(
            name='Judgement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(max_length=150, verbose_name='判断人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('state', models.CharField(choices=[('open', '待判断'), ('explained', '有合理解释'), ('visit', '需现场核实'), ('corrected', '记录已更正')], max_length=12, verbose_name='结论')),
                ('note', models.CharField(max_length=500, verbose_name='理由')),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='judgements', to='quality.finding')),
            ],
            options={
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='Score',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=60, verbose_name='来源')),
                ('received', models.DateField(verbose_name='收到日期')),
                ('at', models.DateTimeField(verbose_name='评分时间')),
                ('rows', models.BigIntegerField(verbose_name='检查行次')),
                ('failing', models.BigIntegerField(verbose_name='未通过行次')),
                ('score', models.FloatField(verbose_name='得分')),
            ],
            options={
                'verbose_name': '质量得分',
                'verbose_name_plural': '质量得分',
                'ordering': ['-received', 'source', '-at'],
                'indexes': [models.Index(fields=['source', 'received', '-at'], name='quality_score_of')],
            },
        ),
        migrations.CreateModel(
            name='ReturnedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('check_id', models.CharField(max_length=60)),
                ('resource_type', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=64)),
                ('person', models.BigIntegerField(null=True)),
                ('version', models.IntegerField(null=True)),
                ('state', models.CharField(choices=[('open', '未改'), ('again', '重报仍未通过'), ('mended', '已改正')], default='open', max_length=10)),
                ('settled', models.DateTimeField(null=True)),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='quality.return')),
            ],
            options={
                'verbose_name': '退回的记录',
                'verbose_name_plural': '退回的记录',
                'indexes': [models.Index(fields=['state'], name='quality_returned_state')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'mended'), _negated=True), ('settled__isnull', False), _connector='OR'), name='quality_mended_with_time')],
            },
        ),
    ]
