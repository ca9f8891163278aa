"""Files: the frontier written for any tool to read."""
