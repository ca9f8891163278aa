"""How many problems a claim needs, and how wide an interval may be: said once."""

# Fewer than this are too few for any claim, and for a prediction of difficulty. It is the
# smallest number at which the coverage of the intervals was checked.
MIN_PROBLEMS = 30
# Fewer in a bin and the strategy that is best for all problems serves it. No claim rests on
# this: choosing by bin is scored on other problems, and advised only where it wins there.
MIN_TO_CHOOSE = 10
MAX_HALF_WIDTH = 0.1  # ten points to each side: more than most strategies differ by
