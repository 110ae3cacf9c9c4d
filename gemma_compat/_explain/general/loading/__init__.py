"""What does not load: repositories, checkpoints, keys, shapes, options of from_pretrained."""
