"""Server-rendered pages: what was promised, what ran, what it cost, what is known and why.

In: read models and control objects that `service` hands over. Out: HTML that needs no JavaScript, and
is livelier with it.
"""
