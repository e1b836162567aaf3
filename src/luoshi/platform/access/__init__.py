"""Who may do what, and where: accounts, roles as data, grants bound to a subtree, the scope every query takes.

Words: a *role* is a named list of permissions (`catalog/rules/roles.yaml`); a *grant* gives a user a role over one
division or institution and all below it, for a time; a *scope* is what a user's grants of today add up to.
"""
