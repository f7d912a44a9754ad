from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0012_indexes_of_lists')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Delivery',
            name='channel_id',
            field=fields.CharField(null=True, max_length=300),
        ),
        ops.AddField(
            model_name='Delivery',
            name='message_id',
            field=fields.CharField(null=True, max_length=300),
        ),
        ops.AddField(
            model_name='Delivery',
            name='message_url',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='Delivery',
            name='outage_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='Delivery',
            name='posted_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Delivery',
            name='thread_id',
            field=fields.CharField(null=True, max_length=300),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['outage_id', 'position']),
        ),
        ops.AddField(
            model_name='MonitoringPost',
            name='follow_ups',
            field=fields.CharField(default='SILENT', description='SILENT: SILENT\nIN_THREAD: IN_THREAD', db_default='SILENT', max_length=32),
        ),
        ops.AddField(
            model_name='MonitoringPost',
            name='mention',
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddField(
            model_name='MonitoringPost',
            name='mention_name',
            field=fields.CharField(null=True, max_length=300),
        ),
        ops.AddField(
            model_name='MonitoringPost',
            name='outage_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='MonitoringPost',
            name='recovery_in_channel',
            field=fields.BooleanField(default=True, db_default=True),
        ),
    ]
