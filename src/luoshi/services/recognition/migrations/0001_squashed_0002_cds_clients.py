import django.db.models.deletion
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('recognition', '0001_initial'), ('recognition', '0002_cds_clients')]

    initial = True

    dependencies = [
        ('store', '0001_squashed_0003_marks'),
    ]

    operations = [
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('person', models.BigIntegerField()),
                ('item', models.CharField(max_length=40, verbose_name='项目')),
                ('institution', models.CharField(max_length=60, verbose_name='开单机构')),
                ('division', models.CharField(max_length=160, verbose_name='开单机构所在区划')),
                ('by', models.CharField(max_length=150, verbose_name='开单人')),
                ('door', models.CharField(choices=[('page', '本平台页面'), ('cds', '院内系统'), ('api', '接口')], max_length=5, verbose_name='途径')),
                ('order', models.CharField(blank=True, default='', max_length=120)),
                ('earlier_type', models.CharField(max_length=40)),
                ('earlier_id', models.CharField(max_length=64)),
                ('earlier_day', models.DateField(verbose_name='原结果日期')),
                ('producer', models.CharField(max_length=60, verbose_name='原结果机构')),
                ('reach', models.CharField(max_length=10, verbose_name='互认范围')),
                ('price', models.DecimalField(decimal_places=2, max_digits=9, verbose_name='价格')),
                ('raised', models.DateTimeField(verbose_name='提醒时间')),
                ('day', models.DateField(verbose_name='日期')),
                ('state', models.CharField(choices=[('raised', '待处理'), ('recognised', '已互认'), ('repeated', '依规重做'), ('unexplained', '无理由重做'), ('withdrawn', '未开单'), ('lapsed', '逾期未处理')], default='raised', max_length=12, verbose_name='状态')),
                ('reason', models.CharField(blank=True, default='', max_length=20, verbose_name='理由')),
                ('note', models.CharField(blank=True, default='', max_length=500, verbose_name='说明')),
                ('viewed', models.DateTimeField(null=True, verbose_name='调阅时间')),
                ('answered', models.DateTimeField(null=True, verbose_name='处理时间')),
                ('answered_by', models.CharField(blank=True, default='', max_length=150)),
            ],
            options={
                'verbose_name': '互认提醒',
                'verbose_name_plural': '互认提醒',
                'ordering': ['-raised'],
                'indexes': [models.Index(fields=['institution', 'day'], name='recognition_alert_place'), models.Index(fields=['state', 'day'], name='recognition_alert_state')],
                'constraints': [models.UniqueConstraint(fields=('person', 'item', 'institution', 'day', 'earlier_type', 'earlier_id'), name='recognition_alert_once_a_day'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'repeated'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='recognition_repeat_needs_reason')],
            },
        ),
        migrations.CreateModel(
            name='QualityMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('institution', models.CharField(max_length=60, verbose_name='机构')),
                ('subject', models.CharField(max_length=40, verbose_name='专业或项目')),
                ('level', models.CharField(choices=[('nation', '全国（HR）'), ('province', '省级'), ('city', '市级')], max_length=10, verbose_name='级别')),
                ('valid_from', models.DateField(verbose_name='自')),
                ('valid_to', models.DateField(null=True, verbose_name='至')),
                ('document', models.CharField(max_length=200, verbose_name='依据')),
                ('by', models.CharField(max_length=150, verbose_name='登记人')),
                ('at', models.DateTimeField(verbose_name='登记时间')),
            ],
            options={
                'verbose_name': '质量评价标识',
                'verbose_name_plural': '质量评价标识',
                'ordering': ['institution', 'subject', 'level', '-valid_from'],
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='recognition_mark_days'), models.UniqueConstraint(fields=('institution', 'subject', 'level', 'valid_from'), name='recognition_mark_once')],
            },
        ),
        migrations.CreateModel(
            name='CdsClient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer', models.CharField(max_length=200, unique=True)),
                ('keys', models.JSONField()),
                ('active', models.BooleanField(default=True)),
                ('made', models.DateTimeField(auto_now_add=True)),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='store.source')),
            ],
        ),
        migrations.CreateModel(
            name='UsedToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('jti', models.CharField(max_length=200)),
                ('expires', models.DateTimeField(db_index=True)),
                ('client', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='recognition.cdsclient')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'jti'), name='recognition_token_once')],
            },
        ),
    ]
