import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=200, verbose_name='课题')),
                ('purpose', models.CharField(max_length=1000, verbose_name='用途')),
                ('ethics', models.CharField(blank=True, default='', max_length=100, verbose_name='伦理审查批件号')),
                ('applicant', models.CharField(max_length=150, verbose_name='申请人')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('table', models.CharField(max_length=30, verbose_name='数据表')),
                ('columns', models.JSONField(default=dict, verbose_name='字段')),
                ('start', models.DateField(verbose_name='起')),
                ('end', models.DateField(verbose_name='止')),
                ('k', models.PositiveSmallIntegerField(verbose_name='k值')),
                ('state', models.CharField(choices=[('requested', '待审批'), ('approved', '已批准'), ('rejected', '已退回'), ('closed', '已关闭')], default='requested', max_length=10, verbose_name='状态')),
                ('requested', models.DateTimeField(verbose_name='申请时间')),
                ('expires', models.DateField(null=True, verbose_name='有效期至')),
                ('closed', models.DateTimeField(null=True, verbose_name='关闭时间')),
                ('key', models.BinaryField(null=True)),
            ],
            options={
                'verbose_name': '科研数据申请',
                'verbose_name_plural': '科研数据申请',
                'ordering': ['-requested'],
                'constraints': [models.CheckConstraint(condition=models.Q(('end__gte', models.F('start'))), name='research_days_in_order'), models.CheckConstraint(condition=models.Q(('key__isnull', True), ('state', 'approved'), _connector='OR'), name='research_key_only_while_approved')],
            },
        ),
        migrations.CreateModel(
            name='Taking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('package', models.CharField(max_length=40, unique=True, verbose_name='数据包')),
                ('by', models.CharField(max_length=150, verbose_name='领取人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('format', models.CharField(max_length=10, verbose_name='格式')),
                ('rows', models.BigIntegerField(verbose_name='行数')),
                ('persons', models.BigIntegerField(verbose_name='人数')),
                ('left_out', models.BigIntegerField(verbose_name='略去行数')),
                ('sha256', models.CharField(max_length=64)),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='takings', to='research.project')),
            ],
            options={
                'ordering': ['-at'],
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.CharField(max_length=150, verbose_name='审批人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('yes', models.BooleanField()),
                ('note', models.CharField(blank=True, default='', max_length=500, verbose_name='意见')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='research.project')),
            ],
            options={
                'ordering': ['at'],
                'constraints': [models.UniqueConstraint(fields=('project', 'by'), name='research_one_voice_each')],
            },
        ),
    ]
