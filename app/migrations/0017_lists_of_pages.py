from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0016_team_activity')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Authorization',
            index=Index(fields=['member_id', 'status', 'begun_at', 'id']),
        ),
        ops.AddField(
            model_name='Member',
            name='last_signed_in_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.RunSQL(
            [
                # Most of what happens no member has done: it stands in no index for those who look for what one did.
                'CREATE INDEX "idx_event_of_actor" ON "event" ("team_id", "actor_id", "sequence") WHERE "actor_id" IS NOT NULL',
                # The sessions that there still are, as the server had kept no other word of it.
                'UPDATE "member" SET "last_signed_in_at" = (SELECT MAX("created_at") FROM "browser_session" WHERE "browser_session"."member_id" = "member"."id")',
            ],
        ),
    ]
