"""Queriers: questions of people, made into SQL that carries none of their text."""
