"""Measures the commands side by side with their peers on the machine it runs on; a development tool, not shipped."""
