"""What a column can be filled with; one file each."""
