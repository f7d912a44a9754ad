from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0015_forecasts')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ActivityDelivery',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('team_id', fields.UUIDField()),
                ('integration', fields.ForeignKeyField('models.Integration', source_field='integration_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('position', fields.BigIntField()),
                ('status', fields.CharField(description='PENDING: PENDING\nSKIPPED: SKIPPED\nRETRYING: RETRYING\nDELIVERED: DELIVERED\nFAILED: FAILED', max_length=32)),
                ('attempt_count', fields.IntField(default=0)),
                ('next_attempt_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('put_off_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('lease_owner', fields.UUIDField(null=True)),
                ('lease_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('held_back', fields.BooleanField(default=False, db_default=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('sequences', fields.TextField(unique=False)),
                ('event_count', fields.IntField()),
            ],
            options={'table': 'activity_delivery', 'app': 'models', 'unique_together': (('integration', 'position'),), 'indexes': [Index(fields=['status', 'next_attempt_at']), Index(fields=['integration_id', 'status', 'position']), Index(fields=['created_at']), Index(fields=['held_back', 'next_attempt_at', 'created_at', 'id']), Index(fields=['put_off_at'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ActivityAttempt',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('number', fields.IntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('duration_ms', fields.IntField()),
                ('succeeded', fields.BooleanField()),
                ('error', fields.TextField(null=True, unique=False)),
                ('delivery', fields.ForeignKeyField('models.ActivityDelivery', source_field='delivery_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'activity_attempt', 'app': 'models', 'unique_together': (('delivery', 'number'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ActivityPost',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('integration', fields.OneToOneField('models.Integration', source_field='integration_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('channel_id', fields.CharField(max_length=300)),
                ('channel_name', fields.CharField(max_length=300)),
                ('channel_is_private', fields.BooleanField()),
                ('type_names', fields.TextField(null=True, unique=False)),
                ('app_keys', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'activity_post', 'app': 'models', 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Counter',
            name='is_heard',
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
