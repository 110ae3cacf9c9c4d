"""The version of this release, and of what it writes: the one place that states them."""

__version__ = "0.3.0"
SCHEMA_VERSION = 1  # of the reports in JSON that this release writes and reads
