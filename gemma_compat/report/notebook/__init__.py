"""Results as a notebook shows them: a verdict, cards, folded details.

``page.py`` turns values into HTML and escapes every text; the other modules turn a result of their
name into those values and know no HTML.
"""
