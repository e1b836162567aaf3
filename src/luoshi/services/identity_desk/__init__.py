"""The identity desk (身份核对): who may be one person, side by side, and what follows from saying so.

Serves 居民电子健康档案 (one resident, one record) and 一人一档. Words: a *case* is two persons who may be one; the
*evidence* says in words what each field shows and how much it weighs; an answer can be taken back, and a merge comes
apart without loss.
"""
