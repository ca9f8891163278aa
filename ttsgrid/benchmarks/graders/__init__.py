"""Graders: when an answer is right, and when two answers are the same."""
