"""The two stacks of the development account, and the portfolio that they share."""
