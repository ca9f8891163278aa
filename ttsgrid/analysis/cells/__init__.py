"""Cells: what each point of the grid scores on each problem, and what it costs."""
