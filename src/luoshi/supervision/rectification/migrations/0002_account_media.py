"""The column says what it holds: the kind of the file."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("rectification", "0001_initial")]

    operations = [migrations.RenameField("account", "file", "media")]
