"""Customers in files and in bulk: what may be decided without a database."""
