"""The causes in the API."""

from app.forecasts.models import ForecastCode
from app.graphql.enums import register_enum

__all__ = ["ForecastCode"]

register_enum(
    ForecastCode,
    name="ForecastCode",
    description="Why something will stop. New ones may come: have a default branch.",
    members={
        ForecastCode.AUTHORIZATION_EXPIRES: "The authorization ends at a date, and nothing renews it by then.",
        ForecastCode.RENEWAL_REFUSED: "The provider has refused at least twice in a row to renew the authorization.",
        ForecastCode.MISSING_SCOPES: "The authorization lacks what is needed now.",
        ForecastCode.SERVER_CERTIFICATE_EXPIRES: "The Git server's certificate ends.",
        ForecastCode.CA_CERTIFICATE_EXPIRES: "The certificate in `caCertificates` ends that the Git server is trusted by.",
        ForecastCode.ACCESS_EXPIRES: "The member whose authorization it uses loses access to what it is connected to.",
        ForecastCode.UNUSED: "The provider ends what is not used for long, and could not be reached for 90 days.",
    },
)
