import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Card',
            fields=[
                ('person', models.BigIntegerField(primary_key=True, serialize=False)),
                ('fields', models.JSONField(default=dict)),
                ('version', models.PositiveIntegerField(default=1)),
                ('by', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Pack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20, unique=True, verbose_name='编号')),
                ('state', models.CharField(choices=[('out', '已领取'), ('back', '已交回'), ('expired', '已过期'), ('revoked', '已作废'), ('closed', '已结清')], default='out', max_length=10, verbose_name='状态')),
                ('institution', models.CharField(blank=True, default='', max_length=60, verbose_name='机构')),
                ('division', models.CharField(blank=True, default='', max_length=24, verbose_name='区划')),
                ('by', models.CharField(max_length=150, verbose_name='领取人')),
                ('made', models.DateTimeField(verbose_name='领取时间')),
                ('expires', models.DateField(verbose_name='有效期至')),
                ('persons', models.PositiveIntegerField(verbose_name='人数')),
                ('base', models.JSONField(default=dict)),
                ('key', models.CharField(max_length=200)),
                ('reason', models.CharField(blank=True, default='', max_length=200, verbose_name='原因')),
            ],
            options={
                'verbose_name': '离线包',
                'verbose_name_plural': '离线包',
                'ordering': ['-made'],
            },
        ),
        migrations.CreateModel(
            name='Enrolment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField()),
                ('programme', models.CharField(max_length=30, verbose_name='病种')),
                ('state', models.CharField(max_length=12, verbose_name='状态')),
                ('institution', models.CharField(blank=True, default='', max_length=60, verbose_name='管理机构')),
                ('division', models.CharField(blank=True, default='', max_length=24, verbose_name='区划')),
                ('since', models.DateField(null=True, verbose_name='建档日期')),
                ('ended', models.DateField(null=True, verbose_name='终止日期')),
                ('reason', models.CharField(blank=True, default='', max_length=30, verbose_name='原因')),
                ('evidence', models.JSONField(default=list)),
                ('episode', models.CharField(blank=True, default='', max_length=64)),
                ('by', models.CharField(max_length=150, verbose_name='经办人')),
                ('at', models.DateTimeField(verbose_name='时间')),
            ],
            options={
                'verbose_name': '慢病管理',
                'verbose_name_plural': '慢病管理',
                'indexes': [models.Index(fields=['person'], name='chronic_enrolment_person')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state__in', ('found', 'confirmed', 'managed', 'lost', 'refused'))), fields=('person', 'programme'), name='chronic_one_open_enrolment')],
            },
        ),
        migrations.CreateModel(
            name='Visit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=40, unique=True)),
                ('person', models.BigIntegerField()),
                ('programmes', models.JSONField(default=list)),
                ('day', models.DateField(verbose_name='随访日期')),
                ('mode', models.CharField(max_length=10, verbose_name='方式')),
                ('values', models.JSONField(default=dict)),
                ('reserved', models.DateField(null=True, verbose_name='预约下次')),
                ('advice', models.CharField(blank=True, default='', max_length=500, verbose_name='指导')),
                ('institution', models.CharField(max_length=60, verbose_name='机构')),
                ('encounters', models.JSONField(default=dict)),
                ('by', models.CharField(max_length=150, verbose_name='随访人')),
                ('at', models.DateTimeField(verbose_name='保存时间')),
                ('origin', models.CharField(default='page', max_length=60)),
                ('version', models.PositiveIntegerField(default=1)),
            ],
            options={
                'verbose_name': '慢病随访',
                'verbose_name_plural': '慢病随访',
                'ordering': ['-day', '-pk'],
                'indexes': [models.Index(fields=['person', 'day'], name='chronic_visit_person')],
            },
        ),
        migrations.CreateModel(
            name='Conflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField()),
                ('division', models.CharField(blank=True, default='', max_length=24)),
                ('institution', models.CharField(blank=True, default='', max_length=60)),
                ('kind', models.CharField(max_length=10, verbose_name='类别')),
                ('key', models.CharField(max_length=120)),
                ('base', models.JSONField(null=True)),
                ('server', models.JSONField(null=True)),
                ('brought', models.JSONField(null=True)),
                ('state', models.CharField(choices=[('open', '待处理'), ('server', '保留平台的'), ('pack', '采用离线的'), ('both', '两者都保留')], default='open', max_length=10, verbose_name='状态')),
                ('at', models.DateTimeField()),
                ('decided_by', models.CharField(blank=True, default='', max_length=150)),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, default='', max_length=300)),
                ('pack', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='conflicts', to='chronic.pack')),
            ],
            options={
                'verbose_name': '离线冲突',
                'verbose_name_plural': '离线冲突',
                'ordering': ['at', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('pack', 'kind', 'key'), name='chronic_conflict_once')],
            },
        ),
        migrations.CreateModel(
            name='Upload',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
                ('by', models.CharField(max_length=150)),
                ('accepted', models.BooleanField()),
                ('told', models.JSONField(default=dict)),
                ('body', models.BinaryField()),
                ('pack', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='uploads', to='chronic.pack')),
            ],
            options={
                'ordering': ['-at'],
                'constraints': [models.UniqueConstraint(fields=('pack', 'sha256'), name='chronic_upload_once')],
            },
        ),
    ]
