"""The vocabulary that templates are written in."""
