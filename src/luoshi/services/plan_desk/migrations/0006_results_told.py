"""The figures of a paper that are only told as done."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("plan_desk", "0005_amended_promises")]

    operations = [
        migrations.AddField(model_name="plan", name="results", field=models.JSONField(default=list)),
    ]
