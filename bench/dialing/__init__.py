"""Parts of the dialer's bench: see ``bench/dialer.py``."""
