"""Figures: the pictures that matplotlib draws."""
