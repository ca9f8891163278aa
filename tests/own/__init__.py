"""Code as a user writes it, for tests that put it into a folder outside the package."""
