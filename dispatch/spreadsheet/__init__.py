"""Jobs as rows of a spreadsheet: CSV that goes out, and CSV of others that comes in."""
