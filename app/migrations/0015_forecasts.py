from tortoise import migrations
from tortoise.migrations import operations as ops
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0013_threads_of_outages')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Forecast',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('team_id', fields.UUIDField()),
                ('subject_id', fields.UUIDField()),
                ('code', fields.CharField(description='AUTHORIZATION_EXPIRES: AUTHORIZATION_EXPIRES\nRENEWAL_REFUSED: RENEWAL_REFUSED\nMISSING_SCOPES: MISSING_SCOPES\nSERVER_CERTIFICATE_EXPIRES: SERVER_CERTIFICATE_EXPIRES\nCA_CERTIFICATE_EXPIRES: CA_CERTIFICATE_EXPIRES\nACCESS_EXPIRES: ACCESS_EXPIRES\nUNUSED: UNUSED', max_length=32)),
                ('message', fields.TextField(unique=False)),
                ('at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('stage', fields.IntField()),
                ('told_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'forecast', 'app': 'models', 'unique_together': (('subject_id', 'code'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Grant',
            name='refresh_ends_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Grant',
            name='refusals',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='InstalledApp',
            name='next_forecast_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Integration',
            name='access_ends_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Integration',
            name='next_forecast_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='OAuthClient',
            name='certificate_ends_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='OAuthClient',
            name='trust_ends_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        # What is gone is never looked at again, and stands in no index.
        ops.RunSQL(
            [
                'CREATE INDEX "idx_installed_app_forecast" ON "installed_app" ("next_forecast_at", "id") WHERE "deleted_at" IS NULL',
                'CREATE INDEX "idx_integration_forecast" ON "integration" ("next_forecast_at", "id") WHERE "deleted_at" IS NULL',
            ],
        ),
    ]
