"""What falls due of installed apps. Each does one bounded round."""

from app.installed_apps.checks import check_due

__all__ = ["check_due"]
