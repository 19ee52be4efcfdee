"""Where it goes: accounts, plan, apply."""
