"""Stack sets over accounts: wanted, planned, applied, watched, explained."""
