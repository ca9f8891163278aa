"""Results of other tools, on the same frontier: recorded runs and published points.

`import_samples` puts recorded solutions into a store, where they are pools like any
others. `import_points` adds accuracies that come without their solutions; they are shown
beside the cells. Command line: `python -m ttsgrid.importer`.
"""

from ttsgrid.importer.figures import recorded_figures
from ttsgrid.importer.layout import Layout, load_layout, make_layout, shipped_layouts
from ttsgrid.importer.points import PointsLayout, import_points, load_points_layout
from ttsgrid.importer.run import RecordedRun, recorded_policy, recorded_prm, recorded_search
from ttsgrid.importer.samples import ImportSummary, import_samples

__all__ = [
    "ImportSummary",
    "Layout",
    "PointsLayout",
    "RecordedRun",
    "import_points",
    "import_samples",
    "load_layout",
    "load_points_layout",
    "make_layout",
    "recorded_figures",
    "recorded_policy",
    "recorded_prm",
    "recorded_search",
    "shipped_layouts",
]
