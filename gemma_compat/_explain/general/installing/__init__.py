"""What cannot be imported, installed or built: packages, releases, Python, drivers, systems."""
