"""What is decided about customers: who gets whom."""
