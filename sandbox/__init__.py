"""The embedded AWS that the demo and the tests run against."""
