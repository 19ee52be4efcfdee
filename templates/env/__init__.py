"""One data science environment in the development account."""
