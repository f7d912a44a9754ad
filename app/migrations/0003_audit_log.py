from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0002_many_processes')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Event',
            name='action',
            field=fields.CharField(null=True, max_length=128),
        ),
        ops.AddField(
            model_name='Event',
            name='origin_address',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='Event',
            name='origin_token',
            field=fields.CharField(null=True, max_length=4),
        ),
        ops.AddField(
            model_name='Event',
            name='origin_user_agent',
            field=fields.CharField(null=True, max_length=256),
        ),
        ops.AddField(
            model_name='Event',
            name='times',
            field=fields.IntField(null=True),
        ),
    ]
