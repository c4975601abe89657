"""What can be asked over HTTP, one file each with a ``router``; the folder is the registry."""
