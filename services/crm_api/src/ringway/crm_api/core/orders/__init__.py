"""Sales orders as arithmetic: what they cost, and what their books say. Pure."""
