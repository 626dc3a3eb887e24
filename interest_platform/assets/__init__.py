"""One file an asset: read the window, call the library, write the window, tell the facts."""
