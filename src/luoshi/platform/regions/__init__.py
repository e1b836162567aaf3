"""Who is where: divisions as a temporal tree, institutions, departments with the names they are printed by, and counts.

A division that was merged or renamed stays, with the last day it was valid and its successor, so that a figure of a
past year is still counted where it belonged.
"""
