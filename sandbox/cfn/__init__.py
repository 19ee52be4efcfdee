"""The CloudFormation engine of the embedded AWS."""
