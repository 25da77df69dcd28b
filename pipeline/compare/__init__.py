"""Two runs side by side: `figures` from their manifests and recipes, `documents` by their ids,
`samples` of those that changed, `page` and `printed` for people.
"""
