"""What a project gets: repositories and pipelines."""
