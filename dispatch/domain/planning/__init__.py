"""Days and windows: their places, and what a dispatcher has set for them."""
