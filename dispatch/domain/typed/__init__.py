"""What people type, pasted marks and all: texts, phone numbers and amounts of money."""
