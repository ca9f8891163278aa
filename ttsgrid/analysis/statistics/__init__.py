"""Statistics: estimators over pools, intervals over problems, choosing out of sample."""
