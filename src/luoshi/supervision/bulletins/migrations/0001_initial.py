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
            name='Office',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('division', models.CharField(max_length=24, unique=True, verbose_name='区划')),
                ('body', models.CharField(max_length=60, verbose_name='发文机关')),
                ('code', models.CharField(max_length=20, verbose_name='机关代字')),
                ('printer', models.CharField(max_length=60, verbose_name='印发机关')),
                ('copies', models.CharField(blank=True, default='', max_length=300, verbose_name='抄送')),
                ('addressee', models.CharField(blank=True, default='', max_length=300, verbose_name='主送')),
            ],
            options={
                'verbose_name': '发文机关',
                'verbose_name_plural': '发文机关',
            },
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('path', models.CharField(max_length=200)),
                ('kind', models.CharField(choices=[('monthly', '月报'), ('quarterly', '季报'), ('annual', '年度通报'), ('supervision', '督办单'), ('notice', '整改通知书'), ('ledger', '任务台账'), ('score', '考核得分表'), ('summary', '工作总结')], max_length=12, verbose_name='种类')),
                ('day', models.PositiveSmallIntegerField(default=3, verbose_name='期满后第几天')),
                ('channel', models.CharField(choices=[('mail', '邮件'), ('folder', '文件夹')], max_length=6, verbose_name='方式')),
                ('formats', models.JSONField(default=list)),
                ('since', models.DateField(verbose_name='自')),
                ('active', models.BooleanField(default=True)),
                ('by', models.CharField(max_length=150)),
                ('at', models.DateTimeField()),
            ],
            options={
                'verbose_name': '定期发送',
                'verbose_name_plural': '定期发送',
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Issue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('monthly', '月报'), ('quarterly', '季报'), ('annual', '年度通报'), ('supervision', '督办单'), ('notice', '整改通知书'), ('ledger', '任务台账'), ('score', '考核得分表'), ('summary', '工作总结')], max_length=12, verbose_name='种类')),
                ('division', models.CharField(max_length=24, verbose_name='区划')),
                ('path', models.CharField(max_length=200)),
                ('start', models.DateField(verbose_name='起')),
                ('end', models.DateField(verbose_name='止')),
                ('on', models.DateField(verbose_name='数据日')),
                ('known_at', models.DateTimeField(verbose_name='数据知悉时点')),
                ('subject', models.CharField(blank=True, default='', max_length=60, verbose_name='事项')),
                ('title', models.CharField(max_length=300, verbose_name='标题')),
                ('state', models.CharField(choices=[('draft', '草稿'), ('reviewed', '已核稿'), ('signed', '已签发'), ('issued', '已印发'), ('corrected', '已更正'), ('dropped', '已作废')], default='draft', max_length=10, verbose_name='状态')),
                ('template', models.CharField(max_length=40, verbose_name='模板版本')),
                ('wording', models.JSONField(default=dict)),
                ('paper', models.JSONField()),
                ('figures', models.PositiveIntegerField(default=0, verbose_name='数据条数')),
                ('year', models.PositiveSmallIntegerField(null=True)),
                ('serial', models.PositiveIntegerField(null=True)),
                ('series', models.CharField(blank=True, default='', max_length=60)),
                ('number', models.CharField(blank=True, default='', max_length=60, verbose_name='文号')),
                ('made_by', models.CharField(max_length=150, verbose_name='拟稿')),
                ('made_at', models.DateTimeField(verbose_name='拟稿时间')),
                ('reviewed_by', models.CharField(blank=True, default='', max_length=150, verbose_name='核稿')),
                ('signed_by', models.CharField(blank=True, default='', max_length=150, verbose_name='签发')),
                ('signed_at', models.DateTimeField(null=True, verbose_name='签发时间')),
                ('issued_on', models.DateField(null=True, verbose_name='印发日期')),
                ('reason', models.CharField(blank=True, default='', max_length=500, verbose_name='理由')),
                ('automatic', models.BooleanField(default=False, verbose_name='自动生成')),
                ('corrects', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='corrected_by', to='bulletins.issue')),
            ],
            options={
                'verbose_name': '公文与通报',
                'verbose_name_plural': '公文与通报',
                'ordering': ['-made_at', '-id'],
                'indexes': [models.Index(fields=['path', 'kind', '-end'], name='bulletins_issue_place')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('serial__isnull', False)), fields=('division', 'series', 'year', 'serial'), name='bulletins_number_once'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['issued', 'corrected']), _negated=True), ('issued_on__isnull', False), _connector='OR'), name='bulletins_issued_has_day')],
            },
        ),
        migrations.CreateModel(
            name='File',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('format', models.CharField(max_length=4)),
                ('sha256', models.CharField(max_length=64)),
                ('body', models.BinaryField()),
                ('issue', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='bulletins.issue')),
            ],
            options={
                'ordering': ['format'],
                'constraints': [models.UniqueConstraint(fields=('issue', 'format'), name='bulletins_one_file_each')],
            },
        ),
        migrations.CreateModel(
            name='Reader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readers', to='bulletins.schedule')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('schedule', 'user'), name='bulletins_reader_once')],
            },
        ),
        migrations.CreateModel(
            name='Sending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('username', models.CharField(max_length=150, verbose_name='收件人')),
                ('start', models.DateField(verbose_name='期间')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('outcome', models.CharField(choices=[('sent', '已发送'), ('skipped', '未发送')], max_length=10, verbose_name='结果')),
                ('note', models.CharField(blank=True, default='', max_length=300, verbose_name='说明')),
                ('issue', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sendings', to='bulletins.issue')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sendings', to='bulletins.schedule')),
            ],
            options={
                'verbose_name': '发送记录',
                'verbose_name_plural': '发送记录',
                'ordering': ['-at', '-id'],
                'constraints': [models.UniqueConstraint(fields=('schedule', 'username', 'start'), name='bulletins_sent_once')],
            },
        ),
        migrations.CreateModel(
            name='Template',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('division', models.CharField(max_length=24)),
                ('kind', models.CharField(choices=[('monthly', '月报'), ('quarterly', '季报'), ('annual', '年度通报'), ('supervision', '督办单'), ('notice', '整改通知书'), ('ledger', '任务台账'), ('score', '考核得分表'), ('summary', '工作总结')], max_length=12, verbose_name='种类')),
                ('version', models.PositiveIntegerField(verbose_name='版本')),
                ('title', models.CharField(max_length=200, verbose_name='标题')),
                ('addressee', models.CharField(blank=True, default='', max_length=300, verbose_name='主送')),
                ('red_head', models.BooleanField(default=False, verbose_name='红头')),
                ('number', models.CharField(blank=True, default='', max_length=60, verbose_name='文号')),
                ('body', models.TextField(verbose_name='正文')),
                ('by', models.CharField(max_length=150, verbose_name='编辑人')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('note', models.CharField(blank=True, default='', max_length=200, verbose_name='说明')),
            ],
            options={
                'verbose_name': '模板',
                'verbose_name_plural': '模板',
                'ordering': ['-version'],
                'constraints': [models.UniqueConstraint(fields=('division', 'kind', 'version'), name='bulletins_template_version_once')],
            },
        ),
    ]
