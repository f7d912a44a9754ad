from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0007_delivery_put_off')]

    initial = False

    operations = [
        ops.AddField(
            model_name='LiveProcess',
            name='behind',
            field=fields.CharField(null=True, max_length=64),
        ),
    ]
