"""Member cards: numbers with check digits, and PINs that are worth having. Pure."""
