"""ttsgrid: which test-time scaling strategy is compute-optimal, and when does small beat large?"""

__version__ = "0.1.0"
