"""Webhooks as pure rules: signatures, times of retries, patterns of event types."""
