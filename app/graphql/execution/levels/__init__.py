"""Execution by whole levels: a validated query is made a plan, once for its document, and a plan is run for all rows at once.

graphql-core completes one field of one row after the other. Here all objects that one field of the document brings stand in one
level; each of its fields is resolved for all of them before the next, and what does not have to be resolved is read by columns.
The answer is graphql-core's: its own functions collect the fields, coerce the arguments and the values, and locate the errors.

This knows Strawberry and graphql-core, and nothing of any one schema. `planning` makes plans and keeps them, `running` runs them.
"""
