"""What happens on site: the way there, money, pictures."""
