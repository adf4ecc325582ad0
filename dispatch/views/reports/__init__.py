"""Pages that look at many jobs at once: numbers, paper, spreadsheets."""
