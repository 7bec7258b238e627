"""Read models: one answer, shown by the API, the pages and the command line alike.

Frozen rows without presentation; every query is indexed and bounded.
"""
