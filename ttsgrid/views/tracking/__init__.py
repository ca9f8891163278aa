"""Services that keep runs: a file for each, and what they are told."""
