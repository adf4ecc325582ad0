"""What storage holds: documents, ledgers of records, and what it says where it fails."""
