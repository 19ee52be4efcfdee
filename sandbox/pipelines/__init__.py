"""CodePipeline: executions that really run, action by action."""
