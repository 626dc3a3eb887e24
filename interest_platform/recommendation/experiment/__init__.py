"""Did it help, and how sure is that? A/B tests, interleaving and off-policy estimates. Pure: numpy, scipy, polars."""
