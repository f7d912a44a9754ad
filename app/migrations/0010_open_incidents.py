from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0009_quotas')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Incident',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('integration', fields.ForeignKeyField('models.Integration', source_field='integration_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('position', fields.BigIntField()),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('is_over', fields.BooleanField(default=False)),
                ('is_opened', fields.BooleanField(default=False)),
                ('is_resolving', fields.BooleanField(default=False)),
                ('is_resolved', fields.BooleanField(default=False)),
            ],
            options={'table': 'incident', 'app': 'models', 'unique_together': (('integration', 'position'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='IncidentSettings',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('integration', fields.OneToOneField('models.Integration', source_field='integration_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('monitor', fields.ForeignKeyField('models.Monitor', source_field='monitor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('severity', fields.CharField(description='CRITICAL: CRITICAL\nERROR: ERROR\nWARNING: WARNING\nINFO: INFO', max_length=32)),
                ('failures_in_a_row', fields.IntField(default=0)),
                ('heard_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'incident_settings', 'app': 'models', 'indexes': [Index(fields=['monitor_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
