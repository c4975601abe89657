"""Requests in; answers in JSON, or one clear problem, out. Nothing of an upload touches the disk or a log."""
