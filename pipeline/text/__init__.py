"""From bytes to stored text: `decode` (charsets, mojibake), `html` (a page's readable text),
`normal` (the one normal form). Pure functions of one text each.
"""
