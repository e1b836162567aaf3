"""The assistant's door (智能助手): the standings, definitions, rankings and duties as tools of the Model Context Protocol.

A program speaks for one account, by a token that account made. It may do what the account may, sees what the account sees,
and every call is in the audit trail; residents by name only where the token was made for it. Serves the clauses on 数据
赋能 and 智能辅助决策.
"""
