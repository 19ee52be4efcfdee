"""What each staging and production account receives."""
