"""Uploads in; answers, heat maps and the page out, over HTTP."""
