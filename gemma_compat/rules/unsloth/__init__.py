"""Rules about Unsloth: what only an upgrade of it cures, and how it is imported and used."""
