"""What a run did, for people: its figures collected from the manifests, charts drawn as SVG, and
one HTML page that needs no network.
"""
