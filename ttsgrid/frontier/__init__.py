"""The compute-optimal frontier, computed from a store alone."""
