"""Words: what may be said of a finding, in plain sentences."""
