"""The documentation site: pages made from rules, evidence, measurements and notebooks. No torch.

    python -m tools.site             write build/docs, build site/, check every link
    python -m tools.site --pages     write build/docs only

rules.py     a page for each rule, and the index by family
matrix.py    what breaks on which release, a table for each model type
figures.py   bars of what was measured
examples.py  the executed notebooks
links.py     links, anchors, and requests to other hosts, in the built pages
browser.py   the built pages in headless Chromium (make site-check)
"""
