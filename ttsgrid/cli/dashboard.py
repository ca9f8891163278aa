"""Write the Grafana dashboard that ships: `python -m ttsgrid.cli.dashboard`.

For those who work on ttsgrid: users import `jobs/grafana.json` as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ttsgrid.views.files.dashboard import dashboard

ROOT = Path(__file__).parents[2]
DASHBOARD = Path("jobs/grafana.json")


def main() -> int:
    """Write the file; return the exit status."""
    (ROOT / DASHBOARD).write_text(dashboard(), encoding="utf-8")
    print(f"written: {DASHBOARD}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
