"""The lint gate, and the quick check for the inner loop."""
