"""Explain a log: what went wrong in a finished run, and what the log says about its stack.

stream -> scan (symptoms, notices, exceptions, facts) -> judge -> Explanation. A log is untrusted
and may be large or damaged. It is read once, piece by piece, and only ``stream.py`` reads it.
"""
