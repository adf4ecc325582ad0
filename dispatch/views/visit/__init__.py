"""The pages of a visit: a driver's day, and what happens at the door."""
