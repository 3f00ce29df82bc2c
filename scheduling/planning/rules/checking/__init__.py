"""Whether a plan keeps every hard constraint: one module per family, one small function per constraint, no solver.

report          what a check finds
case            what every constraint looks at
coverage        H1
placement       H2
calendar        H3, H15
rooms           H4, H5, H10
stations        H6
order           H7, H8
papers          H9
staff           H11-H14
accommodations  H16
pins            H17
travel          H18
check           all of them, the objectives and the bound
"""

from scheduling.planning.rules.checking.check import check
from scheduling.planning.rules.checking.report import BoundReport, Report, Violation, Wrong

__all__ = ["BoundReport", "Report", "Violation", "Wrong", "check"]
