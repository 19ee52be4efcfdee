"""What happens in the services behind a resource type: small create, update and delete functions in tables."""
