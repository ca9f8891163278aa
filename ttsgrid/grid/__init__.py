"""The grid: from a composed configuration to the plan of work units that serves it."""
