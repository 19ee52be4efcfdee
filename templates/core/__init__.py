"""Shared by all environments of an account: administrator roles, portfolio, controls, shared services."""
