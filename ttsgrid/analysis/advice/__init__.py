"""Advice: difficulty predicted without gold answers, and which strategy to use then."""
