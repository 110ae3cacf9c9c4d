"""The conditions that rules share, by topic. One that only one rule asks lives in that rule's file.

A rule names them in ``when``. How they are written and combined: ``engine/condition.py``.
"""
