"""Numerical pieces that several packages share: work in blocks on all cores, many tests at once."""
