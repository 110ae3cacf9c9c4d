"""Rules about loading: checkpoints, the weights that come out of them, and what is saved again."""
