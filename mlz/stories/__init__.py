"""Stories that the program tells of itself on the embedded AWS."""
