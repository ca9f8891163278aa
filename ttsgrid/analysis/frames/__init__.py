"""Frames: a store read into the few small columns that the analysis needs."""
