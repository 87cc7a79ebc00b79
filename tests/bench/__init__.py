"""The real parts, brought up on one Linux computer: engine, registry, image and models.

`python -m tests.bench up` brings them up to be used by hand; `tests/bench/fixtures.py` does so for
tests. Needs root, and says which packages of the system are missing. Everything is started in a
folder of its own and ended by the number of the process that was started; what takes long to make
is kept in the user's cache folder.
"""
