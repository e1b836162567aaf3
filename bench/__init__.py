"""Speed, side by side in one run: ours, the floor (what the disk and the engine allow) and peers on the same data.

`python -m bench` runs every module of this folder that has a `rows(size)`, prints a table and writes `var/bench.json`:
rows of name, ours, floor, peers, ratio (ours to the floor), size. Read the ratios; seconds belong to one machine.
"""
