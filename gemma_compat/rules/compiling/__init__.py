"""Rules about compiling."""
