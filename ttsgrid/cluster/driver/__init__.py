"""The driver: hands units to workers, commits what comes back, loses nothing."""
