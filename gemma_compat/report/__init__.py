"""Renderers: values in, text out. They read nothing and write nothing."""
