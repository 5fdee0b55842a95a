"""What free texts are about: an encoder reads them, a sorter that learns from corrections sorts them into themes."""
