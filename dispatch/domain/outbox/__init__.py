"""What is told to customers and to the business, when, and whether it still holds."""
