"""Rules about the key-value cache."""
