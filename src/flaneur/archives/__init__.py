"""Archives read in place, and safely: names and bytes of their members out; nothing is ever unpacked to disk."""

from flaneur.archives.checks import Member
from flaneur.archives.reading import has, is_archive, members, read

__all__ = ["Member", "has", "is_archive", "members", "read"]
