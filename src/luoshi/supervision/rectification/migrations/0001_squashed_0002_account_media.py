import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('rectification', '0001_initial'), ('rectification', '0002_account_media')]

    initial = True

    dependencies = [
        ('access', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='Finding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('target', '目标滞后'), ('contradiction', '自报与数据不符'), ('inspection', '检查发现'), ('quality', '数据质量'), ('authenticity', '数据真实性')], max_length=16, verbose_name='来源')),
                ('title', models.CharField(max_length=200, verbose_name='事项')),
                ('text', models.CharField(max_length=2000, verbose_name='问题')),
                ('target', models.BigIntegerField(null=True)),
                ('plan_title', models.CharField(blank=True, default='', max_length=300, verbose_name='规划')),
                ('claimed', models.FloatField(null=True)),
                ('origin', models.CharField(blank=True, default='', max_length=80)),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('path', models.CharField(max_length=200)),
                ('institution', models.CharField(blank=True, default='', max_length=60, verbose_name='机构')),
                ('unit', models.CharField(blank=True, default='', max_length=120, verbose_name='责任单位')),
                ('raised_division', models.CharField(max_length=24)),
                ('raised_path', models.CharField(max_length=200)),
                ('found', models.CharField(blank=True, default='', max_length=300, verbose_name='发现时')),
                ('found_on', models.DateField(verbose_name='发现日期')),
                ('at', models.DateTimeField()),
                ('state', models.CharField(default='found', max_length=12, verbose_name='状态')),
                ('noticed_at', models.DateTimeField(null=True)),
                ('plan_due', models.DateField(null=True, verbose_name='方案期限')),
                ('finish_due', models.DateField(null=True, verbose_name='整改期限')),
                ('plan', models.CharField(blank=True, default='', max_length=3000, verbose_name='整改方案')),
                ('planned_by', models.CharField(blank=True, default='', max_length=150)),
                ('submitted_by', models.CharField(blank=True, default='', max_length=150)),
                ('submitted_at', models.DateTimeField(null=True)),
                ('returned', models.PositiveSmallIntegerField(default=0, verbose_name='退回次数')),
                ('closed_at', models.DateTimeField(null=True)),
                ('closed_by', models.CharField(blank=True, default='', max_length=150)),
                ('closed_how', models.CharField(blank=True, choices=[('data', '数据达标'), ('signed', '签字')], default='', max_length=10)),
                ('ground', models.CharField(blank=True, default='', max_length=600, verbose_name='销号依据')),
                ('edition', models.CharField(blank=True, default='', max_length=80)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('repeat_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='repeats', to='rectification.finding')),
            ],
            options={
                'verbose_name': '整改事项',
                'verbose_name_plural': '整改事项',
                'ordering': ['-at', '-pk'],
                'indexes': [models.Index(fields=['path'], name='rectification_path'), models.Index(fields=['institution'], name='rectification_institution'), models.Index(fields=['state', 'finish_due'], name='rectification_running'), models.Index(fields=['division', 'target', 'found_on'], name='rectification_repeats')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('state', 'closed'), _negated=True), models.Q(('closed_at__isnull', False), models.Q(('closed_how', ''), _negated=True), models.Q(('ground', ''), _negated=True)), _connector='OR'), name='rectification_closed_with_ground'), models.UniqueConstraint(condition=models.Q(('state__in', ['found', 'noticed', 'planned', 'submitted']), ('target__isnull', False)), fields=('target', 'division', 'institution', 'kind'), name='rectification_one_open'), models.UniqueConstraint(condition=models.Q(('origin', ''), _negated=True), fields=('origin',), name='rectification_one_origin'), models.CheckConstraint(condition=models.Q(('state__in', ['found', 'dismissed']), models.Q(('finish_due__isnull', False), ('plan_due__isnull', False)), _connector='OR'), name='rectification_noticed_with_dates')],
            },
        ),
        migrations.CreateModel(
            name='Check',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='重算时间')),
                ('by', models.CharField(max_length=150, verbose_name='由')),
                ('passed', models.BooleanField(null=True)),
                ('words', models.CharField(max_length=500, verbose_name='结果')),
                ('heard', models.DateField(null=True, verbose_name='数据截至')),
                ('edition', models.CharField(blank=True, default='', max_length=80)),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='checks', to='rectification.finding')),
            ],
            options={
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=3000, verbose_name='整改情况')),
                ('media', models.CharField(blank=True, default='', max_length=120)),
                ('file_name', models.CharField(blank=True, default='', max_length=150, verbose_name='材料')),
                ('sha256', models.CharField(blank=True, default='', max_length=64)),
                ('by', models.CharField(max_length=150, verbose_name='提交人')),
                ('at', models.DateTimeField(verbose_name='提交时间')),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='accounts', to='rectification.finding')),
            ],
            options={
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Step',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('basis', models.CharField(max_length=10)),
                ('missed', models.DateField(verbose_name='逾期日')),
                ('step', models.CharField(max_length=30)),
                ('name', models.CharField(max_length=30, verbose_name='步骤')),
                ('name_en', models.CharField(max_length=40)),
                ('due', models.DateField(verbose_name='应办日期')),
                ('done_at', models.DateTimeField(verbose_name='实际办理')),
                ('told', models.PositiveSmallIntegerField(default=0)),
                ('minutes', models.CharField(blank=True, default='', max_length=2000, verbose_name='约谈记录')),
                ('held_on', models.DateField(null=True, verbose_name='约谈日期')),
                ('minuted_by', models.CharField(blank=True, default='', max_length=150)),
                ('finding', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='rectification.finding')),
            ],
            options={
                'verbose_name': '督办步骤',
                'verbose_name_plural': '督办步骤',
                'ordering': ['due', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('finding', 'basis', 'missed', 'step'), name='rectification_step_once')],
            },
        ),
    ]
