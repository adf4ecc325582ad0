"""Pages that gather many jobs: on paper, and in spreadsheets."""
