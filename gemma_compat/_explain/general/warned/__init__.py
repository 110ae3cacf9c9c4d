"""Warnings of a run that goes on, with another result than was asked for."""
