"""From a commit to objects in S3."""
