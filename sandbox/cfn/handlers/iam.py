"""IAM."""

HANDLERS = {}
