"""What the recorder counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

stored = Counter("ringway_recorder_stored", "Recordings stored.")
missing = Counter("ringway_recorder_missing", "Interactions without audio.", ["reason"])
half_silent = Counter("ringway_recorder_half_silent", "Recordings of which one side was lost.")
retries = Counter("ringway_recorder_retries", "Tries put off.", ["why"])
stored_bytes = Counter("ringway_recorder_stored_bytes", "Bytes of stored recordings.")
delay_s = Histogram(
    "ringway_recorder_delay_seconds",
    "From the fact that a talk ended until its recording is stored.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600),
)
jobs = Gauge("ringway_recorder_jobs", "Recordings still to be collected.")
oldest_job_s = Gauge("ringway_recorder_oldest_job_seconds", "Age of the oldest open job.")
orphans = Gauge("ringway_recorder_orphans", "Old files on a node that nobody claims.", ["node"])
served = Counter("ringway_recorder_media_requests", "Media requests.", ["status"])
