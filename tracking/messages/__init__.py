"""What messages say. Their words stand in templates that are released with the tracking pages."""
