from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='BreakGlass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField()),
                ('user', models.CharField(max_length=150, verbose_name='操作人')),
                ('institution', models.CharField(blank=True, default='', max_length=60, verbose_name='机构')),
                ('division', models.CharField(blank=True, default='', max_length=24, verbose_name='区划')),
                ('kind', models.CharField(max_length=20, verbose_name='情形')),
                ('reason', models.CharField(max_length=500, verbose_name='事由')),
                ('started_at', models.DateTimeField(verbose_name='开始')),
                ('expires_at', models.DateTimeField(verbose_name='失效')),
                ('verdict', models.CharField(blank=True, default='', max_length=12, verbose_name='复核结论')),
                ('note', models.CharField(blank=True, default='', max_length=500, verbose_name='复核意见')),
                ('reviewed_by', models.CharField(blank=True, default='', max_length=150)),
                ('reviewed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['person', 'user', 'expires_at'], name='consent_glass_person'), models.Index(fields=['verdict', 'started_at'], name='consent_glass_queue')],
            },
        ),
        migrations.CreateModel(
            name='Choice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField()),
                ('category', models.CharField(max_length=40, verbose_name='类别')),
                ('open', models.BooleanField(verbose_name='开放')),
                ('since', models.DateField(verbose_name='自')),
                ('until', models.DateField(blank=True, null=True, verbose_name='至')),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('made_by', models.CharField(max_length=150)),
            ],
            options={
                'indexes': [models.Index(fields=['person'], name='consent_choice_person')],
            },
        ),
        migrations.CreateModel(
            name='Dispute',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField()),
                ('resource_type', models.CharField(blank=True, default='', max_length=40)),
                ('resource_id', models.CharField(blank=True, default='', max_length=64)),
                ('title', models.CharField(blank=True, default='', max_length=200)),
                ('institution', models.CharField(blank=True, default='', max_length=60)),
                ('text', models.CharField(max_length=1000, verbose_name='异议')),
                ('state', models.CharField(default='open', max_length=12, verbose_name='状态')),
                ('due', models.DateField(verbose_name='答复期限')),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('made_by', models.CharField(max_length=150)),
                ('answer', models.CharField(blank=True, default='', max_length=1000, verbose_name='答复')),
                ('answered_by', models.CharField(blank=True, default='', max_length=150)),
                ('answered_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['person'], name='consent_dispute_person'), models.Index(fields=['state', 'due'], name='consent_dispute_queue')],
            },
        ),
        migrations.CreateModel(
            name='Sharing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.BigIntegerField()),
                ('institution', models.CharField(max_length=60, verbose_name='机构')),
                ('permit', models.BooleanField(verbose_name='允许')),
                ('category', models.CharField(blank=True, default='', max_length=40, verbose_name='类别')),
                ('purpose', models.CharField(blank=True, default='', max_length=40, verbose_name='目的')),
                ('since', models.DateField(verbose_name='自')),
                ('until', models.DateField(blank=True, null=True, verbose_name='至')),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('made_by', models.CharField(max_length=150)),
            ],
            options={
                'indexes': [models.Index(fields=['person'], name='consent_sharing_person')],
            },
        ),
    ]
