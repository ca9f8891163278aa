"""Search traces to look at: `python -m ttsgrid.trace STORE UNIT`.

`trace_html` gives a fragment for any page, `SearchTrace.from_json` reads what a
store's `units.trace` holds.
"""

from ttsgrid.core.search_trace import SearchTrace
from ttsgrid.views.trace.page import trace_html, trace_page

__all__ = ["SearchTrace", "trace_html", "trace_page"]
