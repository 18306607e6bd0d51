"""What the dialer counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

ATTEMPTS = Counter("dialer_attempts", "Attempts ended, by what became of them.", ["disposition"])
GIVEN_BACK = Counter("dialer_given_back", "Leads claimed and given back undialed.")
REFUSED = Counter("dialer_refused", "Leads due and not dialed, by reason.", ["reason"])
HAND_OVERS = Counter("dialer_hand_overs", "Moves of answered customers to the ACD.", ["outcome"])
RESCUED = Counter("dialer_abandonments_played", "Messages the dialer had to play itself.")
STRANGERS = Counter("dialer_strangers", "Channels of ours that no runner knew; hung up.")
RUNNERS = Gauge("dialer_runners", "Campaigns that this process runs.")
LINES = Gauge("dialer_lines", "Lines in use by this process.")
UNWRITTEN = Gauge("dialer_books_unwritten", "Ends and other notes not yet in PostgreSQL.")
LOST_NOTES = Counter("dialer_books_lost", "Notes PostgreSQL refused for a reason of their own.")
HAND_OVER_SECONDS = Histogram(
    "dialer_hand_over_seconds",
    "From Asterisk's word of the answer until the channel left for the ACD.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
STRAY_AUDIO = Counter("dialer_stray_audio", "Audio that nobody had asked for, or no longer.")
NUMBER_STATES = Counter(
    "dialer_number_states", "What the network said of numbers before an answer.", ["state"]
)
ANSWERERS = Counter("dialer_answerers", "Who answered, by the first seconds.", ["answerer"])
