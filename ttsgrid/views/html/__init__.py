"""A store as one HTML page, to be sent to a colleague.

`write_report(store, frontier, path)` does all of it: `build` turns the frontier into a
`Report`, plain data with every sentence and number; `page` puts it into templates.
`python -m ttsgrid.report STORE` is the same from the command line.
"""

from ttsgrid.views.html.build import build_report
from ttsgrid.views.html.page import render, write_report
from ttsgrid.views.html.view import Report

__all__ = ["Report", "build_report", "render", "write_report"]
