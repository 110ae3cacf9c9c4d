"""What the frameworks around a trainer say and refuse."""
