"""Benchmarks and their graders: where problems come from and when an answer is right."""

from ttsgrid.benchmarks.graders.integer import IntegerGrader
from ttsgrid.benchmarks.graders.math import MathGrader
from ttsgrid.benchmarks.graders.protocol import Grader
from ttsgrid.benchmarks.graders.text import TextGrader
from ttsgrid.benchmarks.load import grader_for, load_benchmark
from ttsgrid.benchmarks.spec import KNOWN, BenchmarkSpec

__all__ = [
    "KNOWN",
    "BenchmarkSpec",
    "Grader",
    "IntegerGrader",
    "MathGrader",
    "TextGrader",
    "grader_for",
    "load_benchmark",
]
