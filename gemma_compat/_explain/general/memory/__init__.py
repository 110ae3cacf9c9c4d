"""Too little memory: what fills it, as far as the log says."""
