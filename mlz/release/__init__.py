"""The build of a Region: made, gated, found again."""
