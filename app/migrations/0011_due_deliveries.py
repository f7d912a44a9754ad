from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0010_open_incidents')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Delivery',
            name='held_back',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['held_back', 'next_attempt_at', 'created_at', 'id']),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['put_off_at']),
        ),
    ]
