"""Private to the shim; functions never import it."""
