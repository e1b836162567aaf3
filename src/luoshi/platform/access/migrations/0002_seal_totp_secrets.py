"""Seeds of second factors are sealed: the column grows, and those that lay in clear are sealed in place."""

from typing import Any

from django.db import migrations, models

from luoshi.platform.access import at_rest


def _context(user: Any) -> str:
    return f"totp:{user.pk}"


def seal(apps: Any, schema_editor: Any) -> None:
    users = apps.get_model("access", "User").objects.using(schema_editor.connection.alias)
    for user in users.exclude(totp_secret="").only("pk", "totp_secret").iterator():
        if not at_rest.is_sealed(user.totp_secret):
            sealed = at_rest.seal(user.totp_secret, context=_context(user))
            users.filter(pk=user.pk).update(totp_secret=sealed)


def unseal(apps: Any, schema_editor: Any) -> None:
    users = apps.get_model("access", "User").objects.using(schema_editor.connection.alias)
    for user in users.exclude(totp_secret="").only("pk", "totp_secret").iterator():
        if at_rest.is_sealed(user.totp_secret):
            users.filter(pk=user.pk).update(totp_secret=at_rest.unseal(user.totp_secret, context=_context(user)))


class Migration(migrations.Migration):
    dependencies = [("access", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="totp_secret",
            field=models.CharField(blank=True, default="", editable=False, max_length=200),
        ),
        migrations.RunPython(seal, unseal),
    ]
