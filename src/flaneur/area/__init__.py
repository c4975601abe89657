"""Where to look for photos: a disc, a polygon or positions in; spots, evenly spread, out."""

from flaneur.area.reading import read_area
from flaneur.area.shapes import Area, Disc, Points, Polygon, area_of
from flaneur.area.spots import SAMPLINGS, spots

__all__ = ["SAMPLINGS", "Area", "Disc", "Points", "Polygon", "area_of", "read_area", "spots"]
