import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField(db_index=True, verbose_name='居民')),
                ('group', models.CharField(max_length=40, verbose_name='人群')),
                ('evidence', models.CharField(max_length=200, verbose_name='依据')),
                ('since', models.DateField(verbose_name='起')),
                ('until', models.DateField(null=True, verbose_name='止')),
                ('by', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-at'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('until__isnull', True)), fields=('person', 'group'), name='contracts_noted_once')],
            },
        ),
        migrations.CreateModel(
            name='OwnPackage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('institution', models.CharField(db_index=True, max_length=40, verbose_name='机构')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('kind', models.CharField(choices=[('paid', '付费包'), ('personal', '个性化包')], max_length=10, verbose_name='类别')),
                ('items', models.JSONField(default=list, verbose_name='项目')),
                ('fee', models.PositiveIntegerField(verbose_name='年费（元）')),
                ('since', models.DateField(verbose_name='启用日期')),
                ('until', models.DateField(blank=True, null=True, verbose_name='停用日期')),
            ],
            options={
                'ordering': ['institution', 'name'],
                'constraints': [models.UniqueConstraint(fields=('institution', 'name', 'since'), name='contracts_package_name')],
            },
        ),
        migrations.CreateModel(
            name='Sign',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=12, verbose_name='类别')),
                ('institution', models.CharField(max_length=40, verbose_name='机构')),
                ('unit', models.CharField(max_length=60)),
                ('observed', models.PositiveIntegerField(verbose_name='实际')),
                ('expected', models.FloatField(null=True, verbose_name='预期')),
                ('p_value', models.FloatField(null=True)),
                ('detail', models.JSONField(default=dict)),
                ('persons', models.JSONField(default=list)),
                ('found', models.DateField(verbose_name='发现日期')),
                ('state', models.CharField(choices=[('open', '待判断'), ('cleared', '已排除'), ('confirmed', '属实')], default='open', max_length=10)),
                ('judged_by', models.CharField(blank=True, default='', max_length=150)),
                ('judged_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=500)),
            ],
            options={
                'ordering': ['kind', '-observed'],
                'constraints': [models.UniqueConstraint(fields=('kind', 'institution', 'unit'), name='contracts_sign_once')],
            },
        ),
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('institution', models.CharField(db_index=True, max_length=40, verbose_name='机构')),
                ('name', models.CharField(max_length=60, verbose_name='团队名称')),
                ('phone', models.CharField(blank=True, default='', max_length=30, verbose_name='联系电话')),
                ('since', models.DateField(verbose_name='成立日期')),
                ('until', models.DateField(blank=True, null=True, verbose_name='撤销日期')),
            ],
            options={
                'ordering': ['institution', 'name'],
                'constraints': [models.UniqueConstraint(fields=('institution', 'name'), name='contracts_team_name'), models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='contracts_team_days')],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, verbose_name='姓名')),
                ('role', models.CharField(choices=[('gp', '全科医生'), ('nurse', '护士'), ('public-health', '公共卫生医师'), ('village-doctor', '乡村医生'), ('specialist', '专科医师'), ('other', '其他')], max_length=20, verbose_name='角色')),
                ('practitioner', models.CharField(blank=True, default='', max_length=64)),
                ('username', models.CharField(blank=True, default='', max_length=150)),
                ('leads', models.BooleanField(default=False, verbose_name='团队长')),
                ('since', models.DateField(verbose_name='加入日期')),
                ('until', models.DateField(blank=True, null=True, verbose_name='离开日期')),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='contracts.team')),
            ],
            options={
                'ordering': ['team', '-leads', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Contract',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField(verbose_name='居民')),
                ('institution', models.CharField(max_length=40, verbose_name='签约机构')),
                ('package', models.CharField(max_length=80)),
                ('package_name', models.CharField(max_length=60, verbose_name='服务包')),
                ('items', models.JSONField(default=list)),
                ('fee', models.PositiveIntegerField(default=0, verbose_name='年费（元）')),
                ('start', models.DateField(verbose_name='起始日期')),
                ('end', models.DateField(verbose_name='到期日期')),
                ('state', models.CharField(choices=[('active', '已签约'), ('renewed', '已续约，本期履行中'), ('expired', '已到期，待续约'), ('completed', '期满并已续约'), ('lapsed', '到期未续'), ('ended', '已解约')], default='active', max_length=10)),
                ('signed_day', models.DateField(verbose_name='签约日期')),
                ('signed_at', models.DateTimeField(null=True)),
                ('signed_by', models.CharField(max_length=150, verbose_name='经办人')),
                ('way', models.CharField(choices=[('paper', '纸质协议'), ('desk', '机构窗口电子签'), ('home', '上门签约')], max_length=10, verbose_name='签约方式')),
                ('act', models.CharField(db_index=True, max_length=32)),
                ('head', models.BooleanField(default=True)),
                ('relation', models.CharField(blank=True, default='', max_length=60, verbose_name='与户主关系')),
                ('follows', models.CharField(blank=True, default='', max_length=80)),
                ('ended', models.DateField(null=True, verbose_name='解约日期')),
                ('end_reason', models.CharField(blank=True, default='', max_length=20)),
                ('end_note', models.CharField(blank=True, default='', max_length=300)),
                ('predecessor', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='successor', to='contracts.contract')),
                ('team', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contracts', to='contracts.team', verbose_name='签约团队')),
            ],
            options={
                'ordering': ['-start', '-pk'],
                'indexes': [models.Index(fields=['person', 'start'], name='contracts_person'), models.Index(fields=['institution', 'state', 'end'], name='contracts_institution'), models.Index(fields=['state', 'end'], name='contracts_ends')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'active')), fields=('person',), name='contracts_one_active'), models.CheckConstraint(condition=models.Q(('end__gte', models.F('start'))), name='contracts_days_in_order'), models.CheckConstraint(condition=models.Q(models.Q(('ended__isnull', False), ('state', 'ended'), models.Q(('end_reason', ''), _negated=True)), models.Q(models.Q(('state', 'ended'), _negated=True), ('end_reason', ''), ('ended__isnull', True)), _connector='OR'), name='contracts_end_has_reason')],
            },
        ),
    ]
