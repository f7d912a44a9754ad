from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0008_live_process_behind')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='AccessToken',
            index=Index(fields=['member_id', 'revoked_at']),
        ),
        ops.AddIndex(
            model_name='BrowserSession',
            index=Index(fields=['member_id', 'created_at']),
        ),
        ops.AddField(
            model_name='Counter',
            name='used',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddIndex(
            model_name='Integration',
            index=Index(fields=['team_id', 'deleted_at']),
        ),
        ops.AddIndex(
            model_name='Member',
            index=Index(fields=['team_id', 'left_at']),
        ),
    ]
