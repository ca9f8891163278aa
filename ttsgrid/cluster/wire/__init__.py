"""What travels between driver and workers: tasks, results and scoring calls."""
