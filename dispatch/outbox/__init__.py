"""Messages on their way: who sends them, to whom never again, and links that were lost."""
