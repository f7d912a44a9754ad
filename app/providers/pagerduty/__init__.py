"""PagerDuty: incidents on a service of the team's own, through its Events API v2."""
