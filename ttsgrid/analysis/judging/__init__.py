"""PRMs judged on solutions whose first wrong step is known, as ProcessBench does."""
