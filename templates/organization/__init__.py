"""What stands over the accounts, deployed in the organization's management account."""
