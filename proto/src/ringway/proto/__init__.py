"""Contracts of every NATS subject. Imports pydantic and nothing else."""
