"""Benchmarks and their graders: where problems come from and when an answer is right."""

from ttsgrid.benchmarks.assumed import assumed_problems
from ttsgrid.benchmarks.config import BenchmarkConfig, FieldNames
from ttsgrid.benchmarks.graders.code import CodeGrader
from ttsgrid.benchmarks.graders.integer import IntegerGrader
from ttsgrid.benchmarks.graders.math import MathGrader
from ttsgrid.benchmarks.graders.protocol import Grader, Judgement, judge, require_ready
from ttsgrid.benchmarks.graders.registry import GRADERS, make_grader
from ttsgrid.benchmarks.graders.text import TextGrader
from ttsgrid.benchmarks.load import benchmark_grader, grader_for, load_benchmark, problem_id
from ttsgrid.benchmarks.shipped import shipped_benchmark, shipped_benchmarks

__all__ = [
    "GRADERS",
    "BenchmarkConfig",
    "CodeGrader",
    "FieldNames",
    "Grader",
    "IntegerGrader",
    "Judgement",
    "MathGrader",
    "TextGrader",
    "assumed_problems",
    "benchmark_grader",
    "grader_for",
    "judge",
    "load_benchmark",
    "make_grader",
    "problem_id",
    "require_ready",
    "shipped_benchmark",
    "shipped_benchmarks",
]
