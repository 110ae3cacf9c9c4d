"""A trained model that is merged, exported, converted or pushed."""
