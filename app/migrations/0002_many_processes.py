from tortoise import migrations
from tortoise.migrations import operations as ops
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Horizon',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('team_id', fields.UUIDField()),
                ('type', fields.CharField(max_length=64)),
                ('sequence', fields.BigIntField()),
            ],
            options={'table': 'horizon', 'app': 'models', 'unique_together': (('team_id', 'type'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='LiveProcess',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('host', fields.CharField(max_length=255)),
                ('pid', fields.IntField()),
                ('key_ids', fields.TextField(unique=False)),
                ('started_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('seen_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'live_process', 'app': 'models', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddIndex(
            model_name='Authorization',
            index=Index(fields=['status', 'ended_at']),
        ),
        ops.AddIndex(
            model_name='Authorization',
            index=Index(fields=['grant_id']),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['created_at']),
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['occurred_at']),
        ),
        ops.AddField(
            model_name='KeyState',
            name='proof',
            field=fields.BinaryField(null=True),
        ),
        ops.AddIndex(
            model_name='MonitorRun',
            index=Index(fields=['recorded_at']),
        ),
    ]
