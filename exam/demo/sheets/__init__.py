"""Practical score sheets of the demo schemes, a module each. The tasks are of our own writing.

Between them they use every kind of row: measured with steps, judged 0-3, per occurrence with floor 0, all or nothing, veto,
a section gate and overtime.
"""

from exam.demo.sheets.aut import sheet as aut
from exam.demo.sheets.bim import sheet as bim
from exam.demo.sheets.eld import sheet as eld
from exam.demo.sheets.nev import sheet as nev

__all__ = ["aut", "bim", "eld", "nev"]
