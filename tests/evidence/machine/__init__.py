"""The machine that proves rules: it runs reproductions on real releases and records rows.

cells.py    what there is to observe, and where
worker.py   one process per environment, warm; forks for each observation
pool.py     two environments at a time; appends every finished row
rows.py     the record, one JSON line for each observation
bisect.py   from a broken and a working release to the exact pair of neighbours
fold.py     the rows as the package ships them
drift.py    what a new release changed
__main__.py the command line behind `make evidence`
"""
