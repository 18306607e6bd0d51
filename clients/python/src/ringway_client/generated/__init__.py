"""Written by tools/client; do not edit."""
