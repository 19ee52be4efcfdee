"""The program: commands, settings, console."""
