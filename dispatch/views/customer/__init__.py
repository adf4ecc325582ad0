"""What goes to and fro between the business and a job's customer."""
