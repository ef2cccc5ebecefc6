"""Who may log in and do what, who is here, and who did how much."""
