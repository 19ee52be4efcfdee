"""The SageMaker pipelines of this repository."""
