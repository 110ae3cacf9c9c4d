"""Rules about loading."""
