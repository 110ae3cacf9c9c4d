"""Logs: what went wrong in a run that is over, and what the log says of the stack it ran on.

stream -> scan (symptoms, notices, exceptions, facts) -> judge -> Explanation. A log is untrusted,
may be large and may be damaged; it is read once, piece by piece. Only ``stream.py`` reads anything.
"""
