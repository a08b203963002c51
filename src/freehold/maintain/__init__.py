"""Keeps time series and retention as declared: partitions made ahead, old ones dropped, rollups and holds kept."""
