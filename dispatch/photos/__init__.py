"""Photos: what comes as a picture, and what is kept of it."""
