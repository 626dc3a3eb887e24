"""What a company's users are interested in, window by window, and where every number comes from."""
