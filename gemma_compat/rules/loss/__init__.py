"""Rules about the loss and what a Trainer makes of it."""
