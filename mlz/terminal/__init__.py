"""How the program speaks: console, progress, words, data for other programs."""
