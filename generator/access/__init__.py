"""Who may do what: AWS's documented policy evaluation, offline, in three values. Start at evaluate.py."""
