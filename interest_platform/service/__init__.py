"""The HTTP service over the published file: recommendations, segments, and the segment of a new text. Read-only."""
