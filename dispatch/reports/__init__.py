"""What many jobs come to, gathered and put into words."""
