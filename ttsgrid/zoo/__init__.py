"""The zoo: a family of small trained policies and PRMs that makes the default sweep real."""
