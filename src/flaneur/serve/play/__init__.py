"""Games and those who play them in; seats, pictures under names that tell nothing, and what may be told, out."""
