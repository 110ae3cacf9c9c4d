"""Published facts: which Gemma models and which cards exist, and what is known of each."""
