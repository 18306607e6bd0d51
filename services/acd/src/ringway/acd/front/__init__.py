"""What customers meet before and after agents: routes, waiting, callbacks, voicemail, rating."""
