"""Days and windows: what a dispatcher has set for them."""
