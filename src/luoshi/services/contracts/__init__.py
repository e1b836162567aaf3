"""Family-doctor contracts (家庭医生签约): who signed with whom for what, what is due, and whether it was delivered.

Serves the clauses on 家庭医生签约服务 (签约率, 重点人群应签尽签, 续约, 履约). Words: a *team* of an institution holds a *contract*
with a resident over a *term*; a *package* is a list of *items*, an item is due so often in a year of the contract, and a
*window* is the part of that year in which one is due. A *fact* of the records within a window fulfils it; a tick never does.
A contract of *another source* was sent by another system: it is shown and counted, renewed here, and ended there.
"""
