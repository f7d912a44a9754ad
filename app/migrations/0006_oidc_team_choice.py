from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0005_email_spelling')]

    initial = False

    operations = [
        ops.AddField(
            model_name='OidcSignIn',
            name='email',
            field=fields.CharField(null=True, max_length=320),
        ),
    ]
