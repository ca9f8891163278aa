"""The tables and figures of arXiv 2502.06703, from a store.

`make_study` puts a frontier on common ground, `TABLES` and `STUDY_FIGURES` hold what
`python -m ttsgrid.frontier STORE --table NAME` and `--figure NAME` show.
"""

from ttsgrid.analysis.study.gains import (
    EfficiencyGain,
    efficiency_gain,
    performance_gain_pct,
)
from ttsgrid.analysis.study.summary import Study, make_study
from ttsgrid.analysis.study.table import StudyTable
from ttsgrid.analysis.study.tables import FINDING_TABLES, STUDY_TABLES, TABLES

__all__ = [
    "FINDING_TABLES",
    "STUDY_TABLES",
    "TABLES",
    "EfficiencyGain",
    "Study",
    "StudyTable",
    "efficiency_gain",
    "make_study",
    "performance_gain_pct",
]
