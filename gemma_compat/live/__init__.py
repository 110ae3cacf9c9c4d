"""Read a live model: its modules, its wrappers, and the packages of its methods."""
