"""Commands for developers; they do not belong to the package."""
