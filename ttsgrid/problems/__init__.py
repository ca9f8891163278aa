"""Benchmarks and their graders: where problems come from and when an answer is right."""

from ttsgrid.problems.benchmarks import grader_for, load_benchmark
from ttsgrid.problems.grader import Grader
from ttsgrid.problems.integer_grader import IntegerGrader
from ttsgrid.problems.math_grader import MathGrader
from ttsgrid.problems.spec import KNOWN, BenchmarkSpec
from ttsgrid.problems.text_grader import TextGrader

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
