"""How many problems a claim needs, and how wide an interval may be: said once."""

MIN_PROBLEMS = 30  # a percentile interval over fewer covers less than it says
MAX_HALF_WIDTH = 0.1  # ten points to each side: more than most strategies differ by
