"""What only a GPU can show, measured on one, into one JSON file; see ``__main__.py``.

Every part runs in a process of its own and yields records. A part that fails, or runs out of its
time, leaves its error beside the records it had made, and the next part starts.
"""
