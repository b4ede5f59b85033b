"""The demo: the real service and the real agent, a scripted model, and a terminal to watch them in.

`stage` makes and unmakes everything that takes part, `story` is what the model will do, `client` talks to the
service as any client would, `screen` and its parts show what comes, `director` makes it all happen in order.
"""
