"""One module per command of ``./ringway``: ``HELP``, ``add_arguments`` and ``run``."""
