"""The only part that writes to a model."""
