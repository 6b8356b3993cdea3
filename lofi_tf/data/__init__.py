"""Music to arrays and back: records, converters, datasets."""
