"""The visit plan (随访计划引擎): when each managed resident is due, what a result means for the next visit, who is late.

Serves every programme that follows people up (慢病、严重精神障碍、结核病、孕产妇、儿童、老年人). What the norms say lies in
`catalog/rules/visits/*.yaml`, one file a programme, in dated versions with source and confidence; this package only
interprets it and knows neither database nor page. A *due* is one visit the plan asks for: its day and the window in
which it counts. A *programme* may plan by a cycle (every three months, from the last visit or in fixed slots of the
year), by steps from anchors (weeks of pregnancy, ages of a child) or both.
"""
