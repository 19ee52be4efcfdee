"""Taking down what was made, and proving that nothing is left."""
