"""CodeBuild: builds that really run, as processes on this machine."""
