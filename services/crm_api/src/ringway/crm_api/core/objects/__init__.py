"""Objects whose fields an enterprise defines itself: definitions, values and formulas."""
