"""Who may do what: statements, trusts and boundaries that the role templates are put together from."""
