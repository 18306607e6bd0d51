"""What an enterprise begins with. Pure."""
