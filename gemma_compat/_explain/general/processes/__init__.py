"""Several processes, cards and machines."""
