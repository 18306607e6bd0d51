"""A labelled set of questions in Chinese and English, and the ways that look for their answers."""
