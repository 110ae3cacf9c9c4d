"""Rules about training in several processes."""
