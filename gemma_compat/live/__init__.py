"""Reading a live model: its modules, its wrappers, and whose code its methods are."""
