"""Pure decisions and formats of the trainer: no IO, no clock; time enters as ``at`` (seconds)."""
