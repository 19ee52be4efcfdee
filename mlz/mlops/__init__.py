"""SageMaker projects, their models and their deliveries."""
