"""Tests of the rules about adapters."""
