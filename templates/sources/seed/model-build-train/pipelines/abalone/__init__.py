"""Predict the age of an abalone from its measurements."""
