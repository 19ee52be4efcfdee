"""What people launch for themselves: user profiles and notebook instances."""
