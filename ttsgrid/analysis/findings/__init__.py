"""Findings: which strategy is best where, and whether small beats large."""
