"""The duty desk: what is mine to do, where it stands, and what I hand in; issuing and splitting what a plan asks.

Serves 任务分解, 签收, 督查督办, 跟踪问效. It adds no data of its own: duties are kept in `luoshi.supervision.duties`, figures come
from the board. Words: see there.
"""
