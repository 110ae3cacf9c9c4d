"""Reports of a whole job: ``render_job`` in ``text``, ``json`` and ``markdown``."""
