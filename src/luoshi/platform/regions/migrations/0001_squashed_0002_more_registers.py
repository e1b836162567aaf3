import datetime
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('regions', '0001_initial'), ('regions', '0002_more_registers')]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Division',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=24, verbose_name='代码')),
                ('name', models.CharField(max_length=100, verbose_name='名称')),
                ('level', models.PositiveSmallIntegerField(choices=[(1, '省级'), (2, '地级'), (3, '县级'), (4, '乡级'), (5, '村级')], verbose_name='级别')),
                ('path', models.CharField(editable=False, max_length=160)),
                ('kind', models.CharField(choices=[('statutory', '法定区划'), ('functional', '功能区')], default='statutory', max_length=12, verbose_name='种类')),
                ('urban', models.BooleanField(blank=True, null=True, verbose_name='城镇')),
                ('valid_from', models.DateField(default=datetime.date(1900, 1, 1), verbose_name='启用日')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='停用日')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='regions.division')),
                ('successor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='predecessors', to='regions.division')),
            ],
            options={
                'verbose_name': '区划',
                'verbose_name_plural': '区划',
                'ordering': ['code', 'valid_from'],
                'indexes': [models.Index(fields=['path'], name='division_path')],
                'constraints': [models.UniqueConstraint(fields=('code', 'valid_from'), name='division_once_per_start'), models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('code',), name='division_one_current'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='division_ends_after_it_starts'), models.CheckConstraint(condition=models.Q(('successor__isnull', True), ('valid_to__isnull', False), _connector='OR'), name='division_successor_needs_end')],
            },
        ),
        migrations.CreateModel(
            name='Department',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, verbose_name='代码')),
                ('name', models.CharField(max_length=120, verbose_name='名称')),
                ('level', models.PositiveSmallIntegerField(verbose_name='级别')),
                ('division', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='departments', to='regions.division')),
            ],
            options={
                'verbose_name': '部门',
                'verbose_name_plural': '部门',
                'ordering': ['code'],
                'constraints': [models.UniqueConstraint(fields=('code',), name='department_code')],
            },
        ),
        migrations.CreateModel(
            name='Institution',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, verbose_name='代码')),
                ('name', models.CharField(max_length=120, verbose_name='名称')),
                ('type', models.CharField(choices=[('general-hospital', '综合医院'), ('tcm-hospital', '中医医院'), ('mch-hospital', '妇幼保健院'), ('specialist-hospital', '专科医院'), ('township-centre', '乡镇卫生院'), ('community-centre', '社区卫生服务中心'), ('village-room', '村卫生室'), ('community-station', '社区卫生服务站'), ('cdc', '疾病预防控制中心'), ('emergency-centre', '急救中心'), ('nursing-home', '护理院'), ('other', '其他')], max_length=24, verbose_name='类别')),
                ('level', models.PositiveSmallIntegerField(default=0, verbose_name='等级')),
                ('uscc', models.CharField(blank=True, default='', max_length=18, verbose_name='统一社会信用代码')),
                ('ws218', models.CharField(blank=True, default='', max_length=22, verbose_name='卫生机构代码')),
                ('public', models.BooleanField(default=True, verbose_name='公立')),
                ('valid_from', models.DateField(default=datetime.date(1900, 1, 1), verbose_name='启用日')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='停用日')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='institutions', to='regions.division', verbose_name='所在区划')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='regions.institution')),
            ],
            options={
                'verbose_name': '机构',
                'verbose_name_plural': '机构',
                'ordering': ['code'],
                'constraints': [models.UniqueConstraint(fields=('code',), name='institution_code'), models.CheckConstraint(condition=models.Q(('level__lte', 3)), name='institution_level'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='institution_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='BedCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=12, verbose_name='种类')),
                ('count', models.PositiveIntegerField(verbose_name='床位数')),
                ('as_of', models.DateField(verbose_name='截至')),
                ('institution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='beds', to='regions.institution')),
            ],
            options={
                'verbose_name': '床位数',
                'verbose_name_plural': '床位数',
                'constraints': [models.UniqueConstraint(fields=('institution', 'kind', 'as_of'), name='bed_once')],
            },
        ),
        migrations.CreateModel(
            name='Population',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年份')),
                ('kind', models.CharField(max_length=24, verbose_name='口径')),
                ('sex', models.CharField(default='all', max_length=8, verbose_name='性别')),
                ('age_from', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('age_to', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('value', models.PositiveBigIntegerField(verbose_name='人数')),
                ('source', models.CharField(blank=True, default='', max_length=120, verbose_name='来源')),
                ('version', models.CharField(blank=True, default='', max_length=40, verbose_name='版本')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='populations', to='regions.division')),
            ],
            options={
                'verbose_name': '人口数',
                'verbose_name_plural': '人口数',
                'constraints': [models.UniqueConstraint(models.F('division'), models.F('year'), models.F('kind'), models.F('sex'), django.db.models.functions.comparison.Coalesce('age_from', -1), django.db.models.functions.comparison.Coalesce('age_to', -1), models.F('source'), models.F('version'), name='population_once')],
            },
        ),
        migrations.CreateModel(
            name='StaffCount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(max_length=24, verbose_name='岗位')),
                ('count', models.PositiveIntegerField(verbose_name='人数')),
                ('as_of', models.DateField(verbose_name='截至')),
                ('institution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staff', to='regions.institution')),
            ],
            options={
                'verbose_name': '人员数',
                'verbose_name_plural': '人员数',
                'constraints': [models.UniqueConstraint(fields=('institution', 'role', 'as_of'), name='staff_once')],
            },
        ),
        migrations.CreateModel(
            name='Title',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=60, verbose_name='称号')),
                ('granted', models.DateField(verbose_name='授予日')),
                ('revoked', models.DateField(blank=True, null=True, verbose_name='取消日')),
                ('division', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='titles', to='regions.division')),
                ('institution', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='titles', to='regions.institution')),
            ],
            options={
                'verbose_name': '称号',
                'verbose_name_plural': '称号',
                'constraints': [models.UniqueConstraint(condition=models.Q(('institution__isnull', False)), fields=('institution', 'title', 'granted'), name='title_once_institution'), models.UniqueConstraint(condition=models.Q(('division__isnull', False)), fields=('division', 'title', 'granted'), name='title_once_division'), models.CheckConstraint(condition=models.Q(models.Q(('division__isnull', False), ('institution__isnull', True)), models.Q(('division__isnull', True), ('institution__isnull', False)), _connector='OR'), name='title_of_one'), models.CheckConstraint(condition=models.Q(('revoked__isnull', True), ('revoked__gte', models.F('granted')), _connector='OR'), name='title_revoked_after_granted')],
            },
        ),
        migrations.CreateModel(
            name='DepartmentAlias',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.CharField(max_length=120, verbose_name='写法')),
                ('valid_from', models.DateField(default=datetime.date(1900, 1, 1), verbose_name='启用日')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='停用日')),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='aliases', to='regions.department')),
            ],
            options={
                'verbose_name': '部门写法',
                'verbose_name_plural': '部门写法',
                'ordering': ['text'],
                'indexes': [models.Index(fields=['text'], name='alias_text')],
                'constraints': [models.UniqueConstraint(fields=('department', 'text', 'valid_from'), name='alias_once'), models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='alias_ends_after_it_starts')],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('survey', models.CharField(max_length=40, verbose_name='调查')),
                ('respondent', models.CharField(max_length=24, verbose_name='受访者编号')),
                ('stratum', models.CharField(max_length=40, verbose_name='层')),
                ('cluster', models.CharField(max_length=40, verbose_name='群')),
                ('clusters', models.PositiveIntegerField(blank=True, null=True, verbose_name='层内群数')),
                ('weight', models.PositiveIntegerField(verbose_name='权重')),
                ('sex', models.CharField(blank=True, default='', max_length=8, verbose_name='性别')),
                ('age', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='年龄')),
                ('question', models.CharField(max_length=40, verbose_name='问题')),
                ('value', models.IntegerField(verbose_name='回答')),
                ('day', models.DateField(verbose_name='调查日')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='regions.division')),
            ],
            options={
                'verbose_name': '抽样调查',
                'verbose_name_plural': '抽样调查',
                'constraints': [models.UniqueConstraint(fields=('survey', 'respondent', 'question'), name='answer_once')],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, verbose_name='编号')),
                ('kind', models.CharField(max_length=24, verbose_name='种类')),
                ('day', models.DateField(verbose_name='日期')),
                ('done_day', models.DateField(blank=True, null=True, verbose_name='办结日')),
                ('published', models.DateField(blank=True, null=True, verbose_name='公开日')),
                ('result', models.CharField(blank=True, default='', max_length=24, verbose_name='结果')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='regions.division')),
                ('institution', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='events', to='regions.institution')),
            ],
            options={
                'verbose_name': '事件台账',
                'verbose_name_plural': '事件台账',
                'constraints': [models.UniqueConstraint(fields=('kind', 'code'), name='event_once')],
            },
        ),
        migrations.CreateModel(
            name='Statistic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('item', models.CharField(max_length=40, verbose_name='指标项')),
                ('day', models.DateField(verbose_name='截止日')),
                ('value', models.BigIntegerField(verbose_name='数值')),
                ('division', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='statistics', to='regions.division')),
                ('institution', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='statistics', to='regions.institution')),
            ],
            options={
                'verbose_name': '统计报表',
                'verbose_name_plural': '统计报表',
                'constraints': [models.UniqueConstraint(condition=models.Q(('institution__isnull', False)), fields=('institution', 'item', 'day'), name='statistic_once_institution'), models.UniqueConstraint(condition=models.Q(('division__isnull', False)), fields=('division', 'item', 'day'), name='statistic_once_division'), models.CheckConstraint(condition=models.Q(models.Q(('division__isnull', False), ('institution__isnull', True)), models.Q(('division__isnull', True), ('institution__isnull', False)), _connector='OR'), name='statistic_of_one')],
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='代码')),
                ('name', models.CharField(max_length=120, verbose_name='名称')),
                ('kind', models.CharField(max_length=24, verbose_name='种类')),
                ('public', models.BooleanField(blank=True, null=True, verbose_name='公办')),
                ('affordable', models.BooleanField(blank=True, null=True, verbose_name='普惠')),
                ('places', models.PositiveIntegerField(blank=True, null=True, verbose_name='托位或床位数')),
                ('enrolled', models.PositiveIntegerField(blank=True, null=True, verbose_name='在托或入住人数')),
                ('filed', models.DateField(blank=True, null=True, verbose_name='备案或申报日')),
                ('award', models.CharField(blank=True, default='', max_length=60, verbose_name='认定')),
                ('awarded', models.DateField(blank=True, null=True, verbose_name='认定日')),
                ('valid_from', models.DateField(default=datetime.date(1900, 1, 1), verbose_name='启用日')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='停用日')),
                ('as_of', models.DateField(verbose_name='截至')),
                ('division', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='units', to='regions.division')),
            ],
            options={
                'verbose_name': '单位名录',
                'verbose_name_plural': '单位名录',
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='unit_ends_after_start')],
            },
        ),
    ]
