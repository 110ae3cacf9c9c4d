"""Programs that run a trained model."""
