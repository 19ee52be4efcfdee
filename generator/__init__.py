"""How templates are made and published: knows CloudFormation and S3, nothing of this product."""
