"""A Mapbox vector tile in; its points with their properties out."""
