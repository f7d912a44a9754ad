from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0011_due_deliveries')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['team_id', 'type', 'sequence']),
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['team_id', 'subject_id', 'type', 'sequence']),
        ),
        ops.AddIndex(
            model_name='Monitor',
            index=Index(fields=['team_id', 'created_at', 'id']),
        ),
        # PostgreSQL reads no order off an index behind a column that IS NULL, so what lists leave out stands in no index at all.
        ops.RunSQL(
            [
                'CREATE INDEX "idx_access_token_in_force" ON "access_token" ("member_id", "created_at", "id") WHERE "revoked_at" IS NULL',
                'CREATE INDEX "idx_installed_app_living" ON "installed_app" ("team_id", "created_at", "id") WHERE "deleted_at" IS NULL',
                'CREATE INDEX "idx_integration_living" ON "integration" ("team_id", "created_at", "id") WHERE "deleted_at" IS NULL',
                'CREATE INDEX "idx_integration_of_app" ON "integration" ("team_id", "installed_app_id", "created_at", "id") WHERE "deleted_at" IS NULL',
                'CREATE INDEX "idx_integration_of_kind" ON "integration" ("team_id", "kind", "provider", "status", "created_at", "id") WHERE "deleted_at" IS NULL',
                'CREATE INDEX "idx_member_present" ON "member" ("team_id", "joined_at", "id") WHERE "left_at" IS NULL',
            ],
        ),
        # Last, since from here on nobody may read the tables until the commit.
        ops.RemoveIndex(
            model_name='AccessToken',
            name=None,
            fields=['member_id', 'created_at'],
        ),
        ops.RemoveIndex(
            model_name='Event',
            name=None,
            fields=['team_id', 'subject_id', 'sequence'],
        ),
        ops.RemoveIndex(
            model_name='InstalledApp',
            name=None,
            fields=['team_id', 'created_at'],
        ),
        ops.RemoveIndex(
            model_name='Integration',
            name=None,
            fields=['team_id', 'created_at'],
        ),
        ops.RemoveIndex(
            model_name='Integration',
            name=None,
            fields=['team_id', 'deleted_at'],
        ),
        ops.RemoveIndex(
            model_name='Member',
            name=None,
            fields=['team_id', 'left_at'],
        ),
    ]
