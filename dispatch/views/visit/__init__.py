"""What the crew do at the customer's."""
